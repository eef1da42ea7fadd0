import type { HubBytes } from '../../lib/hub/bytes.ts';
import { shellWord } from '../../lib/shell-word.ts';
import type { Source } from './origin.ts';

/** The bytes of one commit on the Hub. */
export function hubSource(hub: HubBytes, model: string, commit: string, token?: string): Source {
  const { readInto } = hub;
  return {
    description: { kind: 'hub', endpoint: hub.endpoint, token, model, commit },
    where: `${hub.endpoint}, ${model}@${commit}`,
    suspicion: 'a proxy or a mirror on the way may change bytes',
    read: (file, range, signal) => hub.readRange({ model, commit, file, ...range }, signal),
    ...(readInto && {
      readInto: (file, start, into, options) => {
        const range = { model, commit, file, start, end: start + into.length };
        return readInto(range, into, options);
      },
    }),
    hashCommand: ({ path, digest }) => {
      const address = `${hub.endpoint}/${model}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
      return `curl -sL ${shellWord(address)} | ${digest.algorithm === 'sha256' ? 'sha256sum' : 'git hash-object --stdin'}`;
    },
  };
}
