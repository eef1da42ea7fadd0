import { expect, test } from 'vitest';
import { explainAnswer } from '../../../../steps/lib/cluster/explain.ts';
import type { Subject } from '../../../../steps/lib/cluster/refusal.ts';

const path = '/apis/serving.kserve.io/v1beta1/namespaces/team/inferenceservices/gpt';

export const subject: Subject = {
  request: { method: 'PATCH', path: `${path}?fieldManager=llm-rollout` },
  what: 'InferenceService team/gpt',
  apiVersion: 'serving.kserve.io/v1beta1',
  kind: 'InferenceService',
  namespace: 'team',
};

/** Where the evidence of a case comes from. */
export const source = (status: number) => `(Kubernetes API, ${status} to PATCH ${path})`;

export const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers: new Headers(headers),
  text: typeof body === 'string' ? body : JSON.stringify(body),
});

/** A `Status` as the API server sends it. */
export const status = (message: string, more: object = {}) => ({
  kind: 'Status',
  status: 'Failure',
  message,
  ...more,
});

export interface Case {
  readonly title: string;
  readonly status: number;
  readonly body: unknown;
  readonly headline: string;
  /** Without the source behind each line. */
  readonly evidence: readonly string[];
  /** How the hint begins. */
  readonly hint: string;
  readonly about?: Partial<Subject>;
}

/** A test for each: what the answer becomes for the person on call. */
export function explains(cases: readonly Case[]): void {
  test.each(cases)('$title', ({ status: code, body, headline, evidence, hint, about }) => {
    const error = explainAnswer(answer(code, body), { ...subject, ...about });
    const lines = evidence.map((line) => `${line} ${source(code)}`);
    expect(error).toMatchObject({ failure: 'refused', message: headline, evidence: lines, status: code });
    expect(error.hint.startsWith(hint)).toBe(true);
  });
}
