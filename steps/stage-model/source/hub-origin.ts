import type { Hub } from '../../lib/hub.ts';
import { hubSource } from './hub-source.ts';
import { readListing } from './listing.ts';
import type { Origin } from './origin.ts';

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
