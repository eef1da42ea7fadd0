import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readChat, readModels } from '../../../../steps/lib/endpoint/answers.ts';
import { asStepError, StepError } from '../../../../steps/lib/errors.ts';

describe('readModels', () => {
  test('gives names and context lengths', () => {
    const body = {
      object: 'list',
      data: [{ id: 'gpt-oss-20b', max_model_len: 8192 }, { id: 'adapter' }],
    };
    expect(readModels(body)).toEqual([{ id: 'gpt-oss-20b', maxModelLength: 8192 }, { id: 'adapter' }]);
  });

  test.each([
    [{}, 'no list `data`'],
    [[], 'no list `data`'],
    ['ok', 'no list `data`'],
    [{ data: {} }, 'no list `data`'],
    [{ data: [{ name: 'x' }] }, 'a model without `id`'],
    [{ data: [null] }, 'a model without `id`'],
  ])('%j is JSON, but not OpenAI: %s', (body, why) => {
    const error = asStepError(thrownBy(() => readModels(body)));
    expect(error).toMatchObject({ failure: 'check' });
    expect(error.message).toContain(`NOT_OPENAI`);
    expect(error.message).toContain(why);
  });
});

describe('readChat', () => {
  const answer = (message: unknown, finish = 'stop') => ({
    choices: [{ index: 0, message, finish_reason: finish }],
  });

  test.each([
    [{ content: 'ready' }, { content: 'ready', reasoning: '' }],
    [
      { content: 'ready', reasoning: 'r' },
      { content: 'ready', reasoning: 'r' },
    ],
    [
      { content: null, reasoning_content: 'old' },
      { content: '', reasoning: 'old' },
    ],
    [
      { content: null, reasoning: 'new', reasoning_content: 'old' },
      { content: '', reasoning: 'new' },
    ],
  ])('reads %j, the reasoning under either name', (message, read) => {
    expect(readChat(answer(message))).toEqual({ ...read, finishReason: 'stop' });
  });

  test.each([
    ['an answer of nothing', answer({ content: ' ' }), 'check', 'the model answered a chat with nothing'],
    [
      'an answer that was broken off',
      answer({ content: 'x' }, 'abort'),
      'unavailable',
      'the model server broke off its answer',
    ],
    ['no choice', { choices: [] }, 'check', 'NOT_OPENAI'],
    ['a choice without message', { choices: [{ text: 'x' }] }, 'check', 'NOT_OPENAI'],
    ['an error with status 200', { error: { message: 'x' } }, 'check', 'NOT_OPENAI'],
  ])('says what is wrong with %s', (_, body, failure, headline) => {
    const error = asStepError(thrownBy(() => readChat(body)));
    expect(error.failure).toBe(failure);
    expect(error.message).toContain(headline);
  });

  test('of any JSON at all it gives an answer or says with a StepError why not', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (body, message) => {
        for (const read of [() => readChat(body), () => readChat(answer(message)), () => readModels(body)]) {
          const error = thrownBy(read);
          expect(error === undefined || error instanceof StepError).toBe(true);
        }
      }),
    );
  });
});

function thrownBy(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (error) {
    return error;
  }
}
