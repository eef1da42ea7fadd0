import { startHub } from '../../sandbox/hub.ts';
import { createRepo, pointedAt, type RepoFile } from '../../sandbox/hub/repo.ts';
import { createHasher } from '../../steps/lib/digest.ts';
import { safetensorsHeader } from '../steps/stage-model/safetensors.ts';

/**
 * The Hub of the benchmark, in a process of its own: three files of weights that lie in memory, so that giving them out
 * costs no more than the network does. Told by its parent's first message what to serve; tells where, and then, after each
 * further message, when weights are asked for: once, for a message takes about as long as to answer a request.
 */
export interface HubOrder {
  readonly bytes: number;
  readonly bytesPerSecond?: number;
  readonly tls?: { readonly cert: string; readonly key: string };
}

process.once('message', (order: HubOrder) => void serve(order));
process.once('disconnect', () => process.exit());

async function serve({ bytes, ...options }: HubOrder): Promise<void> {
  const weights = weightsOf(Math.floor(bytes / 3));
  const shards = [1, 2, 3].map((n) => [`model-0000${n}-of-00003.safetensors`, weights] as const);
  const files = { 'config.json': '{"model_type":"llama"}', ...Object.fromEntries(shards) };
  const hub = await startHub({ repos: [createRepo({ id: 'openai/gpt-oss-20b', files })], ...options });
  process.send?.({ url: hub.url });
  process.on('message', () => {
    const before = hub.requests.length;
    const looking = setInterval(() => {
      if (!hub.requests.slice(before).some(({ server }) => server === 'cdn')) return;
      clearInterval(looking);
      process.send?.({ firstByteAt: Date.now() });
    }, 2);
  });
}

const block = 8 * 2 ** 20;

function weightsOf(bytes: number): RepoFile {
  const header = safetensorsHeader(bytes);
  const size = header.length + bytes;
  const tensor = Buffer.alloc(block, 7);
  const read = (start: number, end: number): Buffer => {
    if (start >= header.length && end - start <= block) return tensor.subarray(0, end - start);
    const out = Buffer.alloc(end - start, 7);
    if (start < header.length) header.copy(out, 0, start, Math.min(end, header.length));
    return out;
  };
  const hasher = createHasher('sha256', size);
  for (let at = 0; at < size; at += block) hasher.update(read(at, Math.min(size, at + block)));
  return { ...pointedAt(hasher.hex(), size), read };
}
