import type { HubRange } from '../hub.ts';
import { isPage, page } from './answer.ts';
import { askCold } from './cold.ts';
import { follow } from './follow.ts';
import { resolveUrl } from './names.ts';
import { explainRefusal } from './refusal.ts';
import type { HubSettings } from './settings.ts';

/** Where a file's bytes are for now: at the Hub itself, or at its CDN under an address that expires. */
export interface Address {
  readonly url: URL;
  /** Set once bytes came from there: when it is refused after that, it has expired. */
  proven: boolean;
  /** The bare tag of the bytes there, once seen. */
  etag: string | undefined;
}

export interface Addresses {
  of(range: HubRange, signal?: AbortSignal): Promise<Address>;
  /** The next `of` asks the Hub anew, unless somebody else already has. */
  forget(range: HubRange, address: Address): void;
  /** True the first time that the tag of this file was another one. */
  firstDoubt(range: HubRange): boolean;
}

/** Asks the Hub once per large file, however many ranges of it are read; a small one it gives away itself. */
export function createAddresses(hub: HubSettings): Addresses {
  const known = new Map<string, Question>();
  const settled = new Map<string, Address>();
  const doubted = new Set<string>();
  const ask = (key: string, range: HubRange): Question => {
    const stop = new AbortController();
    const leave = () => known.get(key) === question && known.delete(key);
    const question = { found: locate(range, hub, stop.signal), stop, leave, waiting: 0 };
    known.set(key, question);
    question.found.then((address) => settled.set(key, address), leave);
    return question;
  };
  return {
    of(range, signal) {
      if (range.file.digest.algorithm === 'git-sha1') return Promise.resolve(at(urlOf(range, hub)));
      const key = keyOf(range);
      return shared(known.get(key) ?? ask(key, range), signal);
    },
    forget(range, address) {
      const key = keyOf(range);
      if (settled.get(key) !== address) return;
      settled.delete(key);
      known.delete(key);
    },
    firstDoubt(range) {
      const before = doubted.size;
      return doubted.add(keyOf(range)).size > before;
    },
  };
}

async function locate(range: HubRange, hub: HubSettings, signal: AbortSignal): Promise<Address> {
  const { response, headers, url } = await askCold(range.file.path, hub, signal, (patient, signal) =>
    follow(urlOf(range, hub), range, patient, { range: 'bytes=0-0', stopOutside: true, signal }),
  );
  const status = response.statusCode ?? 0;
  if (url.origin !== hub.endpoint.origin) return at(url);
  // A mirror gives the bytes itself. One byte is read to keep the connection, a whole file is not.
  if (status === 206) response.resume();
  else response.destroy();
  const { path } = range.file;
  if (status === 200 && isPage({ headers })) throw page({ path }, { status, headers, host: url.host });
  if (status === 200 || status === 206) return at(url);
  const asked = {
    ...hub,
    model: range.model,
    revision: range.commit,
    path,
    withToken: hub.token !== undefined,
  };
  throw explainRefusal(asked, { status, headers, url, now: hub.clock.now() });
}

function urlOf({ model, commit, file }: HubRange, { endpoint }: HubSettings): URL {
  return resolveUrl(endpoint, model, commit, file.path);
}

function at(url: URL): Address {
  return { url, proven: false, etag: undefined };
}

function keyOf({ model, commit, file }: HubRange): string {
  return `${model}@${commit}/${file.path}`;
}

/** Asked once for all who wait for it. */
interface Question {
  readonly found: Promise<Address>;
  readonly stop: AbortController;
  /** Whoever comes now asks anew. */
  leave(): void;
  waiting: number;
}

/** Each leaves by a signal of its own, and the last one ends the question. */
async function shared(question: Question, signal: AbortSignal | undefined): Promise<Address> {
  signal?.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal?.reason);
  signal?.addEventListener('abort', stop);
  question.waiting += 1;
  try {
    return await Promise.race([question.found, aborted]);
  } finally {
    signal?.removeEventListener('abort', stop);
    question.waiting -= 1;
    if (signal?.aborted && question.waiting === 0) {
      question.leave();
      question.stop.abort(signal.reason);
    }
  }
}
