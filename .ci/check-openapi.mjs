// Holds the REST answers of a running demo forge to GitHub's published OpenAPI description.
//
//   node .ci/check-openapi.mjs URL [directory of node_modules]
//
// Needs the npm packages ajv, ajv-formats and @octokit/openapi.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "..");
const base = (process.argv[2] ?? "").replace(/\/$/, "");
if (!base) {
  console.error("usage: node .ci/check-openapi.mjs URL [node_modules]");
  process.exit(2);
}
const modules = path.resolve(process.argv[3] ?? path.join(root, "node_modules"));
const require = createRequire(path.join(modules, "x.js"));
const Ajv = require("ajv");
const formats = require("ajv-formats");

const file = path.join(modules, "@octokit/openapi/generated/api.github.com.json");
const api = JSON.parse(readFileSync(file, "utf8"));

// OpenAPI 3.0 to JSON Schema: `nullable` is the only word of it that matters here.
function convert(node) {
  if (Array.isArray(node)) return node.map(convert);
  if (node === null || typeof node !== "object") return node;
  const out = {};
  for (const [key, value] of Object.entries(node)) {
    if (["example", "examples", "discriminator", "xml", "externalDocs"].includes(key)) continue;
    if (key === "properties") {
      out.properties = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, convert(v)]));
    } else out[key] = convert(value);
  }
  if (out.nullable === true) {
    delete out.nullable;
    return { anyOf: [{ type: "null" }, out] };
  }
  delete out.nullable;
  return out;
}

const ajv = new Ajv({ strict: false, allErrors: true, logger: false, validateFormats: true });
formats(ajv);
ajv.addFormat("uri-template", true);
ajv.addFormat("repo.nwo", true);
ajv.addFormat("int64", true);
ajv.addFormat("ssh-url", true);
ajv.addSchema({ $id: "api", components: convert(api.components) });

function schemaOf(route) {
  let response = api.paths[route]?.get?.responses?.["200"];
  if (response?.$ref) response = response.$ref.split("/").slice(1).reduce((at, key) => at[key], api);
  const schema = response?.content?.["application/json"]?.schema;
  if (!schema) throw new Error(`${route} is not described`);
  const text = JSON.stringify(convert(schema)).replaceAll('"#/components', '"api#/components');
  return ajv.compile(JSON.parse(text));
}

const compiled = new Map();
const failures = [];
let checked = 0;

async function fetchJson(url) {
  const answer = await fetch(base + url, { redirect: "manual" });
  if (answer.status !== 200) {
    failures.push(`${url}: status ${answer.status}`);
    return undefined;
  }
  return answer.json();
}

async function check(route, url) {
  const body = await fetchJson(url);
  if (body === undefined) return undefined;
  if (!compiled.has(route)) compiled.set(route, schemaOf(route));
  const validate = compiled.get(route);
  checked += 1;
  if (!validate(body)) {
    const errors = validate.errors.filter((error) => error.keyword !== "anyOf" && error.keyword !== "oneOf");
    const told = (errors.length ? errors : validate.errors).slice(0, 6);
    failures.push(`${url}\n${told.map((e) => `    ${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`).join("\n")}`);
  }
  return body;
}

const R = "/repos/{owner}/{repo}";

// Logs and archives are redirects to another origin, and lead to what they should only without a credential.
async function blob(url, status) {
  const answer = await fetch(base + url, { redirect: "manual" });
  if (answer.status !== status) failures.push(`${url}: status ${answer.status}, not ${status}`);
  if (answer.status !== 302) return;
  const to = answer.headers.get("location");
  if (new URL(to).origin === new URL(base).origin) failures.push(`${url}: leads to the same origin`);
  const bare = await fetch(to);
  if (bare.status !== 200) failures.push(`${to}: status ${bare.status}`);
  await bare.body?.cancel();
  const leaking = await fetch(to, { headers: { authorization: "Bearer demo-write" } });
  if (leaking.status !== 400) failures.push(`${to}: status ${leaking.status} with a credential`);
}

// What triage reads of the finished run with the most to say, and what it may do.
async function triage(at, runs) {
  const red = runs.find((run) => run.conclusion === "failure" && run.name === "ci");
  const done = red ?? runs.find((run) => run.conclusion === "success" && run.name === "ci");
  const one = `${at}/actions/runs/${done.id}`;
  const { jobs } = await fetchJson(`${one}/jobs`);
  for (const job of jobs.filter((one) => one.conclusion === "failure")) {
    await blob(`${at}/actions/jobs/${job.id}/logs`, 302);
    await check(`${R}/check-runs/{check_run_id}/annotations`, `${at}/check-runs/${job.id}/annotations`);
  }
  await blob(`${one}/logs`, 302);
  await refused(`${one}/cancel`, 409);
  const running = runs.find((run) => run.status === "in_progress");
  if (running) await refused(`${at}/actions/runs/${running.id}/rerun`, 403);
  return check(`${R}/actions/runs/{run_id}/artifacts`, `${one}/artifacts`);
}

// Writes that the host refuses: the status, and a sentence.
async function refused(url, status) {
  const answer = await fetch(base + url, { method: "POST", headers: { authorization: "Bearer demo-write" } });
  const { message } = await answer.json();
  if (answer.status !== status || !message) failures.push(`POST ${url}: ${answer.status} ${message}, not ${status}`);
}

const repos = await check("/orgs/{org}/repos", "/orgs/acme/repos?per_page=100");
await check("/orgs/{org}", "/orgs/acme");
await check("/user", "/user");
await check("/users/{username}", "/users/ada-k");
await check("/users/{username}/repos", "/users/acme/repos?per_page=5");
await check("/rate_limit", "/rate_limit");
for (const kind of ["dependabot", "code-scanning", "secret-scanning"]) {
  await check(`/orgs/{org}/${kind}/alerts`, `/orgs/acme/${kind}/alerts`);
}

for (const { full_name: name } of repos) {
  const at = `/repos/${name}`;
  await check(R, at);
  const issues = await check(`${R}/issues`, `${at}/issues?state=all&per_page=100`);
  await check(`${R}/issues/{issue_number}`, `${at}/issues/${issues[0].number}`);
  await check(`${R}/labels`, `${at}/labels`);
  await check(`${R}/milestones`, `${at}/milestones`);
  const pulls = await check(`${R}/pulls`, `${at}/pulls?state=all&per_page=30`);
  for (const pull of pulls.slice(0, 3)) {
    const one = `${at}/pulls/${pull.number}`;
    await check(`${R}/pulls/{pull_number}`, one);
    await check(`${R}/pulls/{pull_number}/files`, `${one}/files`);
    await check(`${R}/pulls/{pull_number}/commits`, `${one}/commits`);
    await check(`${R}/pulls/{pull_number}/reviews`, `${one}/reviews`);
  }
  const { workflow_runs: runs } = await check(`${R}/actions/runs`, `${at}/actions/runs?per_page=50`);
  for (const run of runs.filter((one, index) => index < 3 || one.status === "waiting" || one.run_attempt > 1)) {
    const one = `${at}/actions/runs/${run.id}`;
    await check(`${R}/actions/runs/{run_id}`, one);
    const { jobs } = await check(`${R}/actions/runs/{run_id}/jobs`, `${one}/jobs?filter=all`);
    await check(`${R}/actions/runs/{run_id}/attempts/{attempt_number}/jobs`, `${one}/attempts/1/jobs`);
    await check(`${R}/actions/runs/{run_id}/pending_deployments`, `${one}/pending_deployments`);
    await check(`${R}/actions/runs/{run_id}/artifacts`, `${one}/artifacts`);
    for (let attempt = 1; attempt <= run.run_attempt; attempt += 1) {
      await check(`${R}/actions/runs/{run_id}/attempts/{attempt_number}`, `${one}/attempts/${attempt}`);
    }
    if (jobs.length > 0) await check(`${R}/actions/jobs/{job_id}`, `${at}/actions/jobs/${jobs[0].id}`);
    await check(`${R}/commits/{ref}/check-runs`, `${at}/commits/${run.head_sha}/check-runs`);
  }
  const red = runs.find((run) => run.conclusion === "failure");
  if (red) {
    const { jobs } = await fetchJson(`${at}/actions/runs/${red.id}/jobs`);
    const job = jobs.find((one) => one.conclusion === "failure");
    await check(`${R}/check-runs/{check_run_id}`, `${at}/check-runs/${job.id}`);
    await check(`${R}/check-runs/{check_run_id}/annotations`, `${at}/check-runs/${job.id}/annotations`);
  }
  const { artifacts } = await triage(at, runs);
  if (artifacts.length > 0) {
    const one = `${at}/actions/artifacts/${artifacts[0].id}`;
    await check(`${R}/actions/artifacts/{artifact_id}`, one);
    await blob(`${one}/zip`, artifacts[0].expired ? 410 : 302);
  }
  const { workflows } = await check(`${R}/actions/workflows`, `${at}/actions/workflows`);
  const ci = `${at}/actions/workflows/${workflows[0].id}`;
  await check(`${R}/actions/workflows/{workflow_id}`, ci);
  await check(`${R}/actions/workflows/{workflow_id}/runs`, `${ci}/runs?status=completed&event=push&per_page=5`);
  const releases = await check(`${R}/releases`, `${at}/releases`);
  const out = releases.filter((one) => !one.draft);
  if (out.length > 0) {
    await check(`${R}/releases/{release_id}`, `${at}/releases/${out[0].id}`);
    await check(`${R}/releases/tags/{tag}`, `${at}/releases/tags/${out[0].tag_name}`);
  }
  if (out.length > 1) {
    await check(`${R}/compare/{basehead}`, `${at}/compare/${out[1].tag_name}...${out[0].tag_name}`);
  }
  await check(`${R}/tags`, `${at}/tags`);
  const deployments = await check(`${R}/deployments`, `${at}/deployments`);
  for (const one of deployments.slice(0, 3)) {
    await check(`${R}/deployments/{deployment_id}/statuses`, `${at}/deployments/${one.id}/statuses`);
  }
  await check(`${R}/environments`, `${at}/environments`);
  const commits = await check(`${R}/commits`, `${at}/commits?per_page=20`);
  await check(`${R}/commits/{ref}`, `${at}/commits/${commits[0].sha}`);
  await check(`${R}/commits/{commit_sha}/pulls`, `${at}/commits/${commits[0].sha}/pulls`);
  await check(`${R}/commits/{ref}/status`, `${at}/commits/${commits[0].sha}/status`);
  const branches = await check(`${R}/branches`, `${at}/branches`);
  await check(`${R}/branches/{branch}`, `${at}/branches/${branches[0].name}`);
  for (const kind of ["dependabot", "code-scanning", "secret-scanning"]) {
    await check(`${R}/${kind}/alerts`, `${at}/${kind}/alerts`);
  }
}

for (const failure of failures) console.error(failure);
console.log(`${checked} answers on ${compiled.size} routes checked, ${failures.length} wrong`);
process.exit(failures.length === 0 ? 0 : 1);
