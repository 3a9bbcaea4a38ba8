#!/bin/sh
# Makes the certificates of the tests again: an authority of nobody's, and a good, an expired
# and a foreign certificate that it signed. They open nothing; the keys are public on purpose.
set -eu
cd "$(dirname "$0")"
key() { openssl ecparam -name prime256v1 -genkey -noout | openssl pkcs8 -topk8 -nocrypt -out "$1.key.pem"; }
key ca
openssl req -x509 -new -key ca.key.pem -days 36500 -subj "/CN=authority of the tests" \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign -out ca.pem
key server
work=$(mktemp -d)
sign() { # name, host, begin, end
  openssl req -new -key server.key.pem -subj "/CN=$2" -out "$work/$1.csr"
  : > "$work/index.txt"; echo "$5" > "$work/serial"
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\nserial=%s/serial\nnew_certs_dir=%s\ndefault_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n[e]\nsubjectAltName=DNS:%s\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n' "$work" "$work" "$work" "$2" > "$work/ca.cnf"
  openssl ca -batch -config "$work/ca.cnf" -extensions e -cert ca.pem -keyfile ca.key.pem \
    -startdate "$3" -enddate "$4" -notext -in "$work/$1.csr" -out "$1.pem"
}
# What many make by mistake: an authority's own certificate in the place of a server's.
openssl req -x509 -new -key server.key.pem -days 36500 -subj "/CN=ghe.test" \
  -addext subjectAltName=DNS:ghe.test -addext basicConstraints=critical,CA:TRUE -out own.pem
# The same once more: by name and key it is the same authority.
openssl req -x509 -new -key server.key.pem -days 36500 -subj "/CN=ghe.test" \
  -addext subjectAltName=DNS:ghe.test -addext basicConstraints=critical,CA:TRUE -out own-again.pem
sign good ghe.test 20240101000000Z 21240101000000Z 01
sign expired ghe.test 20200101000000Z 20210101000000Z 02
sign foreign other.test 20240101000000Z 21240101000000Z 03
# For a server on this machine, each its own authority and none for others.
alone() { # name, begin, end, serial
  openssl req -new -key server.key.pem -subj "/CN=a server of the tests" -out "$work/$1.csr"
  : > "$work/index.txt"; echo "$4" > "$work/serial"
  sed "s/DNS:.*/DNS:localhost/" "$work/ca.cnf" > "$work/alone.cnf"
  openssl ca -batch -selfsign -config "$work/alone.cnf" -extensions e -keyfile server.key.pem \
    -startdate "$2" -enddate "$3" -notext -in "$work/$1.csr" -out "$1.pem"
}
alone localhost 20240101000000Z 21240101000000Z 11
alone localhost-expired 20200101000000Z 20210101000000Z 12
rm -r "$work" ca.key.pem
