import { describe, expect, it } from 'vitest';
import { imageProblem } from '../../../../steps/lib/serving/image-problem.ts';
import { graces, target } from './snapshots.ts';

function problemOf(reason: string, message: string) {
  return imageProblem(['the evidence'], { reason, message }, { target, graces });
}

describe('why an image does not come', () => {
  it.each([
    ['unauthorized: authentication required', 'the registry asks for an account'],
    ['403 Forbidden', 'the registry asks for an account'],
    ['Back-off pulling image "quay.io/x@sha256:9f1403aa"', 'ErrImagePull'],
    ['Back-off pulling image "quay.io/unauthorized/not found:403"', 'ErrImagePull'],
    [
      'failed to pull and unpack image "quay.io/x:403": failed to resolve reference "quay.io/x:403": quay.io/x:403: not found',
      'there is no such image or tag',
    ],
    ['manifest unknown: manifest unknown', 'there is no such image or tag'],
    ['rpc error: code = NotFound desc = x: not found', 'there is no such image or tag'],
    ['exec format error', 'it is not made for this kind of node'],
    [
      'no matching manifest for linux/arm64 in the manifest list entries',
      'it is not made for this kind of node',
    ],
    ['dial tcp: lookup registry.redhat.io: no such host', 'the registry does not answer'],
    ['dial tcp 10.0.0.1:443: i/o timeout', 'the registry does not answer'],
    ['something new', 'ErrImagePull'],
  ])('%s: %s', (message, why) => {
    expect(problemOf('ErrImagePull', message)).toMatchObject({
      code: 'LD110 IMAGE_PULL',
      headline: `the image cannot be pulled: ${why}`,
      evidence: ['the evidence'],
      graceMs: graces.imageMs,
    });
  });

  it('is final at once when its name is none', () => {
    expect(problemOf('InvalidImageName', "couldn't parse image reference").graceMs).toBe(0);
  });
});
