import { expect, test } from 'vitest';
import { isCut, isTimeout } from '../../../../steps/lib/bucket/transient.ts';
import { closedEarly, TimedOut } from '../../../../steps/lib/network/connection-errors.ts';
import { explainNetwork } from '../../../../steps/lib/network/failure.ts';

test('a time that is over is known by its name and by its code', () => {
  const error = new TimedOut('no byte for 60 s');
  expect(isTimeout(error)).toBe(true);
  expect(isCut(error.code)).toBe(true);
  expect(explainNetwork(error, 'hub.example')?.error).toMatchObject({
    message: 'hub.example does not answer',
    evidence: ['ETIMEDOUT: no byte for 60 s (connecting to hub.example)'],
  });
});

test('an end without a word is one that the other side made', () => {
  expect(explainNetwork(closedEarly(), 'hub.example')?.error).toMatchObject({
    message: 'hub.example ended the connection',
    evidence: ['ECONNRESET: the connection was closed (connecting to hub.example)'],
  });
});
