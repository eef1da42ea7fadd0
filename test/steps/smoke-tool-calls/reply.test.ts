import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readReply } from '../../../steps/smoke-tool-calls/reply.ts';

describe('readReply', () => {
  test('reads what vLLM 0.32 answers', () => {
    const body = {
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content: null,
            refusal: null,
            tool_calls: [{ id: 'c1', type: 'function', function: { name: 'f', arguments: '{"a": 1}' } }],
            reasoning: 'User asks',
          },
          finish_reason: 'tool_calls',
        },
      ],
      usage: { prompt_tokens: 69, completion_tokens: 30 },
    };
    expect(readReply(body)).toEqual({
      content: '',
      reasoning: 'User asks',
      calls: [{ id: 'c1', name: 'f', arguments: '{"a": 1}' }],
      finish: 'tool_calls',
      completionTokens: 30,
    });
  });

  test.each([
    ['no tool_calls', { content: 'x' }, []],
    ['empty tool_calls, as 0.16 sends them', { content: 'x', tool_calls: [] }, []],
    ['null tool_calls', { content: 'x', tool_calls: null }, []],
    [
      'arguments that are an object',
      { tool_calls: [{ id: 'c', function: { name: 'f', arguments: {} } }] },
      [{ id: 'c', name: 'f', arguments: undefined }],
    ],
    ['a call that is nothing', { tool_calls: [null] }, [{ id: '', name: '', arguments: undefined }]],
  ])('takes %s', (_, message, calls) => {
    expect(readReply({ choices: [{ message }] })?.calls).toEqual(calls);
  });

  test.each([
    [{}],
    [null],
    ['<html>'],
    [[]],
    [{ choices: [] }],
    [{ choices: [{ message: 'x' }] }],
    [{ choices: 'x' }],
  ])('gives nothing for %j', (body) => {
    expect(readReply(body)).toBeUndefined();
  });

  test('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        readReply(value);
        readReply({ choices: [{ message: value }] });
        const reply = readReply({ choices: [{ message: { tool_calls: [value], content: value } }] });
        expect(reply?.calls).toHaveLength(1);
      }),
    );
  });
});
