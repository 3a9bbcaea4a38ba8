_cycleboard() {
    local IFS=$'\n' at word glue=false
    local -a words=()
    for ((at = 0; at <= COMP_CWORD; at++)); do
        word=${COMP_WORDS[at]//\\/}
        if ((at > 1)) && { $glue || [[ $word == [=:@]* ]]; }; then
            words[${#words[@]}-1]+=$word
        else
            words+=("$word")
        fi
        [[ $word == *[=:@] && $at -lt $COMP_CWORD ]] && glue=true || glue=false
    done
    local current=${words[${#words[@]}-1]} before=
    if [[ $current == *[=:]* ]]; then
        before=${current%"${current##*[=:]}"}
    fi
    COMPREPLY=()
    while read -r word; do
        printf -v word %q "${word#"$before"}"
        COMPREPLY+=("$word")
    done < <(_CLAP_IFS=$'\n' _CLAP_COMPLETE_INDEX=$((${#words[@]} - 1)) _CYCLEBOARD_COMPLETE=bash \
        cycleboard -- "${words[@]}" 2>/dev/null)
    if ((${#COMPREPLY[@]} == 1)) && [[ ${COMPREPLY[0]} == */ ]]; then
        compopt -o nospace 2>/dev/null
    fi
}
complete -F _cycleboard cycleboard
