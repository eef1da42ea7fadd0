/**
 * The stand-in Hub as a process of its own, for a pod of a real cluster. It has openai/gpt-oss-20b, with three tags to roll out: `first`
 * (`main` too); `second`, which changed texts only; `third`, whose context is shorter than a `--max-model-len` above 1024, so that vLLM ends at its start. Environment:
 *   HUB_NAME         the host that pods reach it under; it stands in the addresses that it gives (127.0.0.1)
 *   HUB_PORT         8080
 *   HUB_CDN_PORT     8081
 *   HUB_MODEL_BYTES  of the weights (33554432)
 *   HUB_BYTES_PER_SECOND  what one connection gets from the CDN (unlimited)
 */
import { createDemoModel } from '../demo-model.ts';
import { startHub } from '../hub.ts';
import { createRevision } from './repo.ts';

const { env } = process;
// The first process of a container ignores signals that it does not handle.
process.once('SIGTERM', () => process.exit(143));
const { repo, first, second } = createDemoModel({ bytes: Number(env['HUB_MODEL_BYTES'] ?? 32 * 2 ** 20) });
const third = createRevision({ ...Object.fromEntries(first.files), 'config.json': shorterContext() });
for (const [tag, revision] of Object.entries({ first, second, third })) {
  repo.refs.set(tag, revision.commit);
  repo.revisions.set(revision.commit, revision);
}
const pace = env['HUB_BYTES_PER_SECOND'];
const hub = await startHub({
  repos: [repo],
  port: Number(env['HUB_PORT'] ?? 8080),
  cdnPort: Number(env['HUB_CDN_PORT'] ?? 8081),
  address: { listen: '0.0.0.0', name: env['HUB_NAME'] ?? '127.0.0.1' },
  ...(pace !== undefined && { bytesPerSecond: Number(pace) }),
});
console.log(
  `Hub ${hub.url}, CDN ${hub.cdnUrl}: first ${first.commit}, second ${second.commit}, third ${third.commit}`,
);

function shorterContext(): string {
  const file = first.files.get('config.json');
  const config: unknown = JSON.parse(String(file?.read(0, file.size)));
  return `${JSON.stringify({ ...(config as object), max_position_embeddings: 1024 }, undefined, 2)}\n`;
}
