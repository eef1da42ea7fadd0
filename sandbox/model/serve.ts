/**
 * The stand-in model as a process of its own, for a pod of a real cluster: takes vLLM's arguments, reads /mnt/models as vLLM would, prints
 * its log lines, ends with its exit codes. Environment:
 *   MODEL_VERSION    0.16 or 0.32 (default)
 *   MODEL_FAULTS     JSON array of ModelFault
 *   MODEL_START_MS   how long the start takes (1000)
 *   MODEL_GUARD      `namespace/name` of the InferenceService: asks the API server who may pass, with the pod's ServiceAccount
 */
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { boot } from './boot.ts';
import { clusterReviews } from './cluster-reviews.ts';
import { startModel } from '../model.ts';
import type { ModelFault, Reviews } from '../model.ts';

// The first process of a container ignores signals that it does not handle.
process.once('SIGTERM', () => process.exit(143));
const account = '/var/run/secrets/kubernetes.io/serviceaccount';
const args = process.argv.slice(2);
const env = Object.fromEntries(Object.entries(process.env).map(([name, value]) => [name, value ?? '']));
const start = await boot({
  args,
  env,
  version: env['MODEL_VERSION'] === '0.16' ? '0.16' : '0.32',
  read: (path) => readFile(path).catch(() => undefined),
  files: await listFiles(modelFolder()),
});
for (const line of start.lines) {
  await delay(Number(env['MODEL_START_MS'] ?? 1_000) / start.lines.length);
  console.log(line);
}
if ('exit' in start) process.exit(start.exit.exitCode);
const guard = env['MODEL_GUARD'];
const { chatError, servedNames, ...engine } = start.engine;
const model = await startModel({
  ...engine,
  servedName: servedNames,
  ...(chatError !== undefined && { vocabularyError: chatError }),
  ...(guard !== undefined && guard !== '' && { reviews: await reviewsFor(guard) }),
  faults: JSON.parse(env['MODEL_FAULTS'] ?? '[]') as ModelFault[],
  host: start.host,
  port: start.port,
});
process.removeAllListeners('SIGTERM');
process.once('SIGTERM', () => void model.close().then(() => process.exit(0)));

/** The folder of `--model`, to be listed before the flags are judged. */
function modelFolder(): string {
  const flag = args.findIndex((arg) => /^--model(?:=|$)/.test(arg));
  if (flag === -1) return '/mnt/models';
  return args[flag]?.split('=', 2)[1] ?? args[flag + 1] ?? '/mnt/models';
}

async function listFiles(folder: string): Promise<string[]> {
  return readdir(folder, { recursive: true }).catch(() => []);
}

async function reviewsFor(service: string): Promise<Reviews> {
  const [namespace = '', name = ''] = service.split('/');
  return clusterReviews({
    server: `https://${env['KUBERNETES_SERVICE_HOST']}:${env['KUBERNETES_SERVICE_PORT']}`,
    ca: await readFile(`${account}/ca.crt`, 'utf8'),
    token: async () => (await readFile(`${account}/token`, 'utf8')).trim(),
    service: { namespace, name },
  });
}
