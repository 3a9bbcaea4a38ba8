// Holds the adapter's queries and the demo forge's schema to GitHub's published GraphQL schema.
//
//   node .ci/check-graphql.mjs [directory of node_modules]
//
// Needs the npm packages graphql and @octokit/graphql-schema.

import { readFileSync, readdirSync, existsSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const modules = path.resolve(process.argv[2] ?? path.join(root, "node_modules"));
const require = createRequire(path.join(modules, "x.js"));
const graphql = require("graphql");

const text = readFileSync(path.join(modules, "@octokit/graphql-schema/schema.graphql"), "utf8");
// The published text defines a field of one type twice; it is GitHub's to mend.
const published = graphql.buildSchema(text, { assumeValidSDL: true });
const sdl = readFileSync(path.join(root, "src/demo/forge/github/schema.graphql"), "utf8");
const served = graphql.buildSchema(sdl);
const wrong = [];

// Every query is valid by the published schema and by the served one.
const queries = path.join(root, "src/sources/github/queries");
const files = existsSync(queries) ? readdirSync(queries).filter((name) => name.endsWith(".graphql")) : [];
if (files.length === 0) wrong.push("there are no queries to check");
const read = (name) => graphql.parse(readFileSync(path.join(queries, name), "utf8")).definitions;

// Fragments that several queries share stand beside them; each query takes along what it spreads.
const shared = new Map();
for (const name of readdirSync(path.join(queries, "shared"))) {
  for (const fragment of read(path.join("shared", name))) shared.set(fragment.name.value, fragment);
}
const taken = new Set();
const whole = (definitions) => {
  const missing = new Set();
  const own = new Set(definitions.map((definition) => definition.name.value));
  graphql.visit({ kind: "Document", definitions }, {
    FragmentSpread: ({ name }) => {
      if (shared.has(name.value) && !own.has(name.value)) missing.add(name.value);
    },
  });
  if (missing.size === 0) return definitions;
  for (const name of missing) taken.add(name);
  return whole([...definitions, ...[...missing].map((name) => shared.get(name))]);
};
for (const name of files) {
  const document = { kind: "Document", definitions: whole(read(name)) };
  for (const [what, schema] of [["published", published], ["served", served]]) {
    for (const error of graphql.validate(schema, document)) {
      wrong.push(`${name}: by the ${what} schema: ${error.message}`);
    }
  }
}

for (const name of shared.keys()) {
  if (!taken.has(name)) wrong.push(`shared: nothing spreads ${name}`);
}

// The served schema is a part of the published one: same names, same types.
const isBuiltIn = (name) => name.startsWith("__") || graphql.isSpecifiedScalarType(served.getType(name));
for (const [name, type] of Object.entries(served.getTypeMap())) {
  if (isBuiltIn(name)) continue;
  const other = published.getType(name);
  if (!other) {
    wrong.push(`type ${name} does not exist`);
  } else if (type.constructor.name !== other.constructor.name) {
    wrong.push(`type ${name} is of another kind`);
  } else if (graphql.isEnumType(type)) {
    for (const value of type.getValues()) {
      if (!other.getValue(value.name)) wrong.push(`enum value ${name}.${value.name} does not exist`);
    }
  } else if (graphql.isUnionType(type)) {
    const members = other.getTypes().map((member) => member.name);
    for (const member of type.getTypes()) {
      if (!members.includes(member.name)) wrong.push(`${member.name} is no ${name}`);
    }
  } else if (!graphql.isScalarType(type)) {
    fields(name, type, other);
  }
}

function fields(name, type, other) {
  const known = other.getFields();
  for (const [field, definition] of Object.entries(type.getFields())) {
    if (!known[field]) {
      wrong.push(`field ${name}.${field} does not exist`);
      continue;
    }
    if (String(definition.type) !== String(known[field].type)) {
      wrong.push(`field ${name}.${field} is ${known[field].type}, not ${definition.type}`);
    }
    for (const argument of definition.args ?? []) {
      const there = known[field].args.find((one) => one.name === argument.name);
      if (!there) wrong.push(`argument ${name}.${field}(${argument.name}) does not exist`);
      else if (String(there.type) !== String(argument.type)) {
        wrong.push(`argument ${name}.${field}(${argument.name}) is ${there.type}`);
      }
    }
    for (const argument of known[field].args ?? []) {
      const here = (definition.args ?? []).some((one) => one.name === argument.name);
      if (!here && graphql.isRequiredArgument(argument)) {
        wrong.push(`argument ${name}.${field}(${argument.name}) is required`);
      }
    }
  }
  for (const face of type.getInterfaces?.() ?? []) {
    if (!other.getInterfaces().some((one) => one.name === face.name)) {
      wrong.push(`${name} is no ${face.name}`);
    }
  }
}

for (const line of wrong) console.error(line);
console.log(`${files.length} query files, ${Object.keys(served.getTypeMap()).length} types, ${wrong.length} errors`);
process.exit(wrong.length === 0 ? 0 : 1);
