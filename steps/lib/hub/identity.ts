import { StepError } from '../errors.ts';
import type { HubRange } from '../hub.ts';
import { HubFault } from './fault.ts';
import type { AnswerHeaders } from './headers.ts';

/** What the Hub says of the file beside its address must be what its listing said; a mirror may say nothing. */
export function checkIdentity({ commit, file }: HubRange, headers: AnswerHeaders, host: string): void {
  const commitThere = headers.get('x-repo-commit');
  if (commitThere !== null && commitThere !== commit)
    throw changed(file.path, host, `X-Repo-Commit: ${commitThere}, asked ${commit}`);
  const size = headers.get('x-linked-size');
  if (size !== null && Number(size) !== file.size)
    throw changed(file.path, host, `X-Linked-Size: ${size}, listed ${file.size}`);
  const hash = bareTag(headers.get('x-linked-etag'));
  const { algorithm, hex } = file.digest;
  if (hash !== undefined && algorithm === 'sha256' && /^[0-9a-f]{64}$/.test(hash) && hash !== hex)
    throw changed(file.path, host, `X-Linked-Etag: ${hash}, listed ${hex}`);
}

/** `W/"abc"` → `abc` */
export function bareTag(etag: string | null): string | undefined {
  return etag?.replace(/^W\//, '').replace(/^"|"$/g, '');
}

/** A commit does not change; who says so has another one in its cache. */
export function changed(path: string, host: string, evidence: string): HubFault {
  const error = new StepError('check', `${path} is not the same at ${host} as when it was listed`, {
    evidence: [`${evidence} (${host})`],
    hint: 'run it again: files are asked for by commit; if it stays so, the mirror or the cache in between is wrong',
  });
  return new HubFault(error, { verdict: true, tries: 3 });
}
