import { isRecord, parseJson } from '../json.ts';
import type { Caller } from './caller.ts';
import { explainAnswer } from './explain.ts';
import { notServed } from './missing.ts';
import type { Subject } from './refusal.ts';
import { readStatus } from './status.ts';

/** How the API server calls a kind in its paths. */
export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** Asks each group version once what it serves; a kind that is not served throws. */
export function createResources(caller: Caller) {
  const known = new Map<string, Promise<ReadonlyMap<string, Resource>>>();
  return async (apiVersion: string, kind: string, signal?: AbortSignal): Promise<Resource> => {
    const found = known.get(apiVersion) ?? discover(caller, { apiVersion, kind }, signal);
    known.set(apiVersion, found);
    try {
      const resource = (await found).get(kind);
      if (resource !== undefined) return resource;
      known.delete(apiVersion);
    } catch (error) {
      known.delete(apiVersion);
      throw error;
    }
    const subject = asking(apiVersion, kind);
    const answer = { status: 404, headers: new Headers(), text: '' };
    const said = { message: '', reason: 'NotFound', kind: '', group: '', name: '', causes: [] };
    const evidence = [
      `the list of ${apiVersion} has no ${kind} (Kubernetes API, GET ${subject.request.path})`,
    ];
    throw notServed({ answer, said, subject, evidence }, apiVersion, kind);
  };
}

export const pathOfVersion = (apiVersion: string): string =>
  `/${apiVersion.includes('/') ? 'apis' : 'api'}/${apiVersion}`;

const asking = (apiVersion: string, kind: string): Subject => ({
  request: { method: 'GET', path: pathOfVersion(apiVersion) },
  what: `the kinds of ${apiVersion}`,
  apiVersion,
  kind,
});

async function discover(
  caller: Caller,
  { apiVersion, kind }: { apiVersion: string; kind: string },
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Resource>> {
  const subject = asking(apiVersion, kind);
  const reply = await caller.call(subject, signal);
  const body = parseJson(reply.text);
  if (reply.status !== 200 || !isRecord(body) || readStatus(reply)) throw explainAnswer(reply, subject);
  const resources = Array.isArray(body['resources']) ? body['resources'].filter(isRecord) : [];
  return new Map(
    resources
      .filter(({ name }) => typeof name === 'string' && !name.includes('/'))
      .map(({ name, kind: served, namespaced }) => [
        String(served),
        { plural: String(name), namespaced: namespaced === true },
      ]),
  );
}
