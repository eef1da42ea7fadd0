import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerInstead, sendXml } from './answers.ts';
import { sendFile } from './bytes.ts';
import type { Repo, RepoFile } from './repo.ts';
import type { HubState } from './state.ts';

/** The CDN: whoever holds a signed address gets the bytes; a token has no business there. */
export async function answerCdn(
  request: IncomingMessage,
  response: ServerResponse,
  { options, cdnUrl, signer, faults }: HubState,
): Promise<boolean> {
  if (request.headers.authorization !== undefined) {
    sendXml(response, 400, 'InvalidArgument');
    return true;
  }
  const signed = signer.verify(new URL(request.url ?? '/', cdnUrl));
  if (signed === 'forged') return false;
  const effect = faults.strike('cdn', signed.path);
  if (answerInstead(response, effect)) return true;
  const file = findBlob(options.repos, signed.sha256);
  if (signed.expired || effect?.kind === 'expired') sendXml(response, 403, 'AccessDenied');
  else if (!file) sendXml(response, 404, 'NoSuchKey');
  else {
    response.setHeader('etag', `"${signed.sha256}"`);
    response.setHeader('content-type', 'application/octet-stream');
    await sendFile(request, response, file, { effect, bytesPerSecond: options.bytesPerSecond });
  }
  return true;
}

function findBlob(repos: readonly Repo[], sha256: string): RepoFile | undefined {
  const revisions = repos.flatMap((repo) => [...repo.revisions.values()]);
  return revisions.flatMap(({ files }) => [...files.values()]).find((file) => file.sha256 === sha256);
}
