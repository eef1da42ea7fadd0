import { inspect } from 'node:util';
import { firstLine } from '../errors.ts';
import { S3Answer } from './answer.ts';
import { diagnoseAnswer } from './diagnose-answer.ts';
import { diagnoseConnection } from './diagnose-connection.ts';
import type { Asked } from './diagnosis.ts';
import { BucketError } from './error.ts';
import { codeOf } from './transient.ts';

/** The bucket's one translation of foreign errors: whatever was thrown comes out as a BucketError with a hint. */
export function translate(error: unknown, asked: Asked, redact: (text: string) => string): BucketError {
  if (error instanceof BucketError) return error;
  const isAnswer = error instanceof S3Answer;
  const { failure, headline, hint } = isAnswer
    ? diagnoseAnswer(error, asked)
    : diagnoseConnection(error, asked);
  return new BucketError(failure, redact(headline), {
    evidence: [redact(isAnswer ? quoteAnswer(error, asked) : quoteError(error, asked))],
    hint,
    cause: error,
    code: isAnswer ? (error.foreign === undefined ? error.code : 'NotS3') : codeOf(error),
    status: isAnswer ? error.status : 0,
  });
}

function quoteAnswer(error: S3Answer, { what }: Asked): string {
  const said =
    error.foreign ?? ([error.code, error.said].filter((text) => text !== '').join(': ') || 'no body');
  const id = error.headers['x-amz-request-id'];
  const source = [
    `S3`,
    what,
    `HTTP ${error.status}`,
    ...(id === undefined ? [] : [`request ${id.slice(0, 80)}`]),
  ];
  return `${oneLine(said)} (${source.join(', ')})`;
}

function quoteError(error: unknown, { what, endpoint }: Asked): string {
  const text = error instanceof Error ? `${codeOf(error)} ${error.message}`.trim() : inspect(error);
  return `${oneLine(text)} (${what}, ${endpoint.origin})`;
}

function oneLine(text: string): string {
  return firstLine(text.replace(/\s+/g, ' ')).slice(0, 300);
}
