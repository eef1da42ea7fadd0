import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { spec as applyServing } from '../../steps/apply-serving/spec.ts';
import { specs } from '../../steps/index.ts';
import { placeOf } from '../../steps/stage-model/place.ts';
import { spec as stageModel } from '../../steps/stage-model/spec.ts';
import { accountName } from '../../tasks/render-rbac.ts';
import { expectIdentity } from './expect-identity.ts';

const root = join(import.meta.dirname, '../..');

interface Command {
  readonly page: string;
  readonly text: string;
}

/** Every line of every `sh` block of the docs, continued lines joined. */
async function commands(): Promise<Command[]> {
  const found: Command[] = [];
  for await (const page of glob(['README.md', 'docs/**/*.md', 'tasks/*/README.md'], { cwd: root })) {
    const text = await readFile(join(root, page), 'utf8');
    for (const [, block = ''] of text.matchAll(/^ *```sh\n(.*?)^ *```$/gms)) {
      found.push(...commandsIn(block).map((command) => ({ page, text: command })));
    }
  }
  return found;
}

function commandsIn(block: string): string[] {
  return block
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .flatMap((line) => line.split(' && '))
    .map((command) => command.replace(/ +/g, ' '));
}

async function packageScripts(): Promise<Record<string, string>> {
  const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  return scripts;
}

async function expectScript(name: string): Promise<void> {
  expect(Object.keys(await packageScripts())).toContain(name);
}

async function expectManifest(path: string): Promise<void> {
  const documents = parseAllDocuments(await readFile(join(root, path), 'utf8'));
  for (const document of documents) {
    expect(document.errors).toEqual([]);
    expect(document.toJS()).toMatchObject({ apiVersion: expect.any(String), kind: expect.any(String) });
  }
}

async function expectKustomization(folder: string): Promise<void> {
  const text = await readFile(join(root, folder, 'kustomization.yaml'), 'utf8');
  const { resources } = parse(text) as { resources: string[] };
  for (const resource of resources) await expectManifest(join(folder, resource));
}

function expectAccounts(text: string): void {
  const wanted = specs
    .filter(({ name }) => name !== 'check-revision')
    .map((spec) => `${spec.name}=${accountName(spec)}`);
  expect([...text.matchAll(/--task-serviceaccount (\S+)/g)].map(([, pair]) => pair)).toEqual(wanted);
}

async function expectCronJob(name: string): Promise<void> {
  const file = join(root, 'triggers', `${name.replace(/^llm-rollout-/, '')}.yaml`);
  expect(parse(await readFile(file, 'utf8'))).toMatchObject({ kind: 'CronJob', metadata: { name } });
}

/** No name of the example is left in what is applied or started. */
async function expectNames(assignment: string): Promise<void> {
  for await (const file of glob('{tasks,triggers,pipelines}/**/*.yaml', { cwd: root })) {
    const { stdout } = await promisify(execFile)('sh', ['-c', `${assignment}; sed "$names" ${file}`], {
      cwd: root,
    });
    expect(stdout, file).not.toMatch(/gpt-oss-20b-rhaiis|librechat|namespace: gpt-oss\b/);
    for (const document of parseAllDocuments(stdout)) expect(document.errors, file).toEqual([]);
  }
}

const model = 'openai/gpt-oss-20b';
const service = applyServing.params.service.default;
const commit = 'e9811e694a574c9ad7fed7697e69eedafd094d8d';

/** What belongs to a commit in the bucket: its manifest, or all below its prefix. */
function expectStaged(key: string): void {
  const { params } = stageModel;
  const asked = { model, prefix: params.prefix.default, statePrefix: params['state-prefix'].default };
  const place = placeOf(asked, commit);
  expect([place.manifest, place.prefix]).toContain(key);
}

async function expectRunName(command: string): Promise<void> {
  const [, name] = / (rollout-\S+)/.exec(command) ?? [];
  if (name === undefined) return;
  const template = await readFile(join(root, 'triggers/eventlistener.yaml'), 'utf8');
  expect(template).toContain(`name: ${name.replace(commit.slice(0, 12), '$(tt.params.suffix)')}`);
}

/** What a command of the docs is checked by; what no row knows does not belong in the docs. */
const checks: readonly (readonly [RegExp, (match: RegExpExecArray) => unknown])[] = [
  [/^npm ci$/, () => expect(existsSync(join(root, 'package-lock.json'))).toBe(true)],
  [/^npm (start|test)( -- .*)?$/, ([, script = '']) => expectScript(script)],
  [/^npm run ([\w:]+)( -- .*)?$/, ([, script = '']) => expectScript(script)],
  [/^podman (build -t \S+ \.|push \S+)$/, () => expect(existsSync(join(root, 'Containerfile'))).toBe(true)],
  [/^kustomize edit set image localhost\/llm-rollout=\S+$/, () => expectKustomization('.')],
  [/^oc new-project \S+$/, () => {}],
  [/^cd (\S+)$/, ([, folder = '']) => expect(existsSync(join(root, folder))).toBe(true)],
  [/^oc (?:apply|delete) -k (\S+)( -n \S+)?$/, ([, folder = '']) => expectKustomization(folder)],
  [/^oc (?:apply|create) -f (\S+)( -n \S+)?$/, ([, path = '']) => expectManifest(path)],
  [/^names='[^']+'$/, ({ input }) => expectNames(input)],
  [
    /^oc kustomize (\S+) \| sed "\$names" \| oc apply (?:-n \S+ )?-f -$/,
    ([, folder = '']) => expectKustomization(folder),
  ],
  [/^sed "\$names" (\S+) \| oc apply (?:-n \S+ )?-f -$/, ([, path = '']) => expectManifest(path)],
  [/^tkn pipeline start rollout-model .*--task-serviceaccount/, ({ input }) => expectAccounts(input)],
  [/^oc (?:set env|patch) cronjob\/(\S+) /, ([, name = '']) => expectCronJob(name)],
  [/^job=rotate-token-\$\(date \+%s\)$/, () => {}],
  [/^oc create job \S+ --from=cronjob\/(\S+) /, ([, name = '']) => expectCronJob(name)],
  [/^aws s3 rm (?:--recursive )?s3:\/\/models\/(\S+)$/, ([, key = '']) => expectStaged(key)],
  [/^tkn (pipelinerun|taskrun) (logs|describe|list|cancel)/, ({ input }) => expectRunName(input)],
  [/^oc get (?:configmap|lease) (\S+) /, ([, name]) => expect(name).toBe(`${service}-rollout`)],
  [/^oc (get|describe|logs|create secret generic|create route edge) \S+/, () => {}],
  [/^find \S.* sha256sum /, ({ input }) => expectIdentity(input)],
  [/^export \w+=/, () => {}],
];

describe('the commands of the docs', async () => {
  it.each(await commands())('$page: $text', async ({ text }) => {
    const check = checks.find(([shape]) => shape.test(text));
    expect(check, `no check knows the command ${text}`).toBeDefined();
    const match = check?.[0].exec(text);
    if (match) await check?.[1](match);
  });
});
