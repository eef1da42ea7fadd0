import type { Hub } from '../../lib/hub.ts';
import { type ModelFile, readListing } from './listing.ts';
import type { Origin, Source } from './origin.ts';

/** A model on the Hugging Face Hub; a branch or a tag is resolved to its commit when it is opened. The token is the Hub's own, for other threads. */
export function hubOrigin(hub: Hub, model: string, revision: string, token?: string): Origin {
  return {
    async open(signal) {
      const { commit, license } = await hub.resolveRevision(model, revision, signal);
      return {
        commit,
        ...(license === undefined ? {} : { license }),
        files: await readListing(hub, model, commit, signal),
        source: hubSource(hub, model, commit, token),
      };
    },
  };
}

/** The bytes of one commit on the Hub. */
export function hubSource(hub: Hub, model: string, commit: string, token?: string): Source {
  const { readInto } = hub;
  return {
    description: { kind: 'hub', endpoint: hub.endpoint, token, model, commit },
    where: `${hub.endpoint}, ${model}@${commit}`,
    suspicion: 'a proxy or a mirror on the way may change bytes',
    read: (file, range, signal) => hub.readRange({ model, commit, file: asListed(file), ...range }, signal),
    ...(readInto && {
      readInto: (file, start, into, options) => {
        const range = { model, commit, file: asListed(file), start, end: start + into.length };
        return readInto(range, into, options);
      },
    }),
    hashCommand: ({ path, digest }) => {
      const address = `${hub.endpoint}/${model}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`;
      return `curl -sL ${address} | ${digest.algorithm === 'sha256' ? 'sha256sum' : 'git hash-object --stdin'}`;
    },
  };
}

function asListed({ path, size, digest }: ModelFile) {
  return digest.algorithm === 'sha256'
    ? { path, size, sha256: digest.hex }
    : { path, size, gitSha1: digest.hex };
}
