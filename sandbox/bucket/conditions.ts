import { type Call, headerOf } from './call.ts';
import { unquoted } from './etag.ts';
import { Refusal, noSuchKey, preconditionFailed } from './refusal.ts';
import type { StoredObject } from './store.ts';

/** `If-None-Match: *` and `If-Match: <etag>` of a write, judged on what the key holds now. */
export function checkWrite({ request, bucket }: Call): void {
  const current = bucket.objects.get(request.key);
  const noneMatch = headerOf(request, 'if-none-match');
  if (noneMatch !== undefined && noneMatch.trim() !== '*')
    throw new Refusal(501, 'NotImplemented', 'If-None-Match of a write knows only *.');
  if (noneMatch !== undefined && current) throw preconditionFailed('If-None-Match');
  const match = headerOf(request, 'if-match');
  if (match === undefined) return;
  if (!current) throw noSuchKey(request.key);
  if (!names(match, current)) throw preconditionFailed('If-Match');
}

/** The conditional headers of a read; true when 304 Not Modified is the answer. */
export function isNotModified({ request }: Call, object: StoredObject): boolean {
  const match = headerOf(request, 'if-match');
  if (match !== undefined && !names(match, object)) throw preconditionFailed('If-Match');
  const unmodified = headerOf(request, 'if-unmodified-since');
  if (match === undefined && unmodified !== undefined && wholeSecond(object) > Date.parse(unmodified))
    throw preconditionFailed('If-Unmodified-Since');
  const noneMatch = headerOf(request, 'if-none-match');
  if (noneMatch !== undefined) return names(noneMatch, object);
  const modified = headerOf(request, 'if-modified-since');
  return modified !== undefined && wholeSecond(object) <= Date.parse(modified);
}

/** The conditions that a copy puts on its source. */
export function checkSource({ request, dialect }: Call, source: StoredObject): void {
  if (!dialect.conditionalCopy) return;
  const match = headerOf(request, 'x-amz-copy-source-if-match');
  if (match !== undefined && !names(match, source)) throw preconditionFailed('x-amz-copy-source-If-Match');
  const noneMatch = headerOf(request, 'x-amz-copy-source-if-none-match');
  if (noneMatch !== undefined && names(noneMatch, source))
    throw preconditionFailed('x-amz-copy-source-If-None-Match');
}

function names(header: string, object: StoredObject): boolean {
  return header.split(',').some((one) => one.trim() === '*' || unquoted(one) === object.etag);
}

function wholeSecond(object: StoredObject): number {
  return Math.floor(object.modified.getTime() / 1000) * 1000;
}
