import { EventEmitter } from 'node:events';
import { afterEach, describe, expect, test } from 'vitest';
import { type ModelFault, type ModelOptions, startModel } from '../../../sandbox/model.ts';
import type { KubeObject } from '../../../steps/lib/cluster.ts';
import { openEndpoint } from '../../../steps/lib/endpoint.ts';
import { createNetwork } from '../../../steps/lib/network.ts';
import { runStep } from '../../../steps/lib/run.ts';
import { createAsk } from '../../../steps/smoke-tool-calls/ask.ts';
import { smokeToolCalls } from '../../../steps/smoke-tool-calls/smoke.ts';
import { spec } from '../../../steps/smoke-tool-calls/spec.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

const word = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const ours = `${word({})}.${word({ sub: 'system:serviceaccount:models:llm-smoke' })}.c2ln`;
const timings = { answerMs: 10_000, grantMs: 20, grantPollMs: 10, attempts: 2, baseMs: 1 };

interface Setting {
  readonly flags?: readonly string[];
  readonly guarded?: boolean;
  readonly url?: string;
  /** Answers instead of the model, by the body of the request. */
  readonly answer?: (body: string, signal: AbortSignal | undefined) => Response | undefined;
}

/** Runs the step as its main.ts does, against a model on loopback. */
async function smoke(options: Partial<ModelOptions>, setting: Setting = {}) {
  const model = await startModel({ servedName: 'gpt-oss-20b', ...options });
  closing.push(() => model.close());
  const out: string[] = [];
  const err: string[] = [];
  const signals = new EventEmitter();
  const world = {
    argv: ['node', 'smoke-tool-calls.mjs', `--url=${setting.url ?? model.url}`, ...(setting.flags ?? [])],
    env: {},
    stdout: { write: (text: string) => out.push(text) },
    stderr: { write: (text: string) => err.push(text) },
    on: (event: string, listener: () => void) => signals.on(event, listener),
    off: (event: string, listener: () => void) => signals.off(event, listener),
  };
  let n = 0;
  const code = await runStep(spec, world, async ({ params, env, log, clock, signal }) => {
    const network = await createNetwork({ env, log });
    closing.push(() => network.close());
    const fetch: typeof network.fetch = async (input, init) => {
      const body = typeof init?.body === 'string' ? init.body : '';
      return setting.answer?.(body, init?.signal ?? undefined) ?? network.fetch(input, init);
    };
    const service = { namespace: 'models', name: params.service };
    const cluster = {
      get: async <T extends KubeObject>() => inferenceService(setting.guarded) as T,
      bearer: async () => ours,
    };
    const endpoint = await openEndpoint({
      cluster,
      network: { ...network, fetch },
      log,
      service,
      url: params.url,
      clock,
      signal,
      timings,
    });
    const late = AbortSignal.timeout(params.timeout);
    const ask = createAsk({
      endpoint,
      service,
      network: { fetch },
      log,
      clock,
      signal: AbortSignal.any([signal, late]),
      answerMs: params.answerTimeout,
      baseMs: 1,
    });
    return smokeToolCalls(params, { endpoint, ask, log, signal, late, nonce: () => `QX${(n += 1)}4711Z` });
  });
  const log = err.join('');
  return {
    code,
    log,
    model,
    results: JSON.parse(out.join('') || '{}') as Record<string, string>,
    rows: readRows(log),
  };
}

function inferenceService(guarded = false): KubeObject {
  return {
    apiVersion: 'serving.kserve.io/v1beta1',
    kind: 'InferenceService',
    metadata: {
      name: 'gpt-oss-20b-rhaiis',
      annotations: guarded ? { 'security.opendatahub.io/enable-auth': 'true' } : {},
    },
  };
}

/** A 200 that never comes to an end by itself. */
function silence(signal: AbortSignal | undefined): Response {
  const body = new ReadableStream({
    start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
  });
  return new Response(body, { headers: { 'content-type': 'application/json' } });
}

/** A 200 whose connection is reset after the first bytes. */
function brokenConnection(stream: boolean): Response {
  const reset = new TypeError('terminated', {
    cause: Object.assign(new Error('aborted'), { code: 'ECONNRESET' }),
  });
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(reset),
    start: (controller) =>
      controller.enqueue(Buffer.from(stream ? 'data: {"choices":[]}\n\n' : '{"choices":')),
  });
  const headers = { 'content-type': stream ? 'text/event-stream' : 'application/json' };
  return new Response(body, { headers });
}

/** `check → verdict passed why`, from the table in the log. */
function readRows(log: string): Record<string, string> {
  const rows = [
    ...log.matchAll(
      /^([a-z-]+) +(pass|fail|flaky|unsupported) +(\d+\/\d+) +(?:gate|capability) +([A-Z_]*)/gm,
    ),
  ];
  return Object.fromEntries(
    rows.map(([, check = '', verdict, passed, why]) => [check, `${verdict} ${passed} ${why}`.trim()]),
  );
}

describe('a model that can', () => {
  test('passes with every capability of vLLM 0.32, and the log has the table', async () => {
    const { code, results, rows, model } = await smoke({}, { flags: ['--tries=2'] });
    expect(rows).toEqual({
      chat: 'pass 2/2',
      'tool-call': 'pass 2/2',
      'tool-call-streamed': 'pass 2/2',
      'tool-result': 'pass 2/2',
      'tool-result-streamed': 'pass 2/2',
      'nested-arguments': 'pass 2/2',
      'no-needless-call': 'pass 2/2',
      'choice-none': 'pass 2/2',
      'choice-required': 'pass 2/2',
      'choice-named': 'pass 2/2',
      strict: 'pass 2/2',
    });
    expect(code).toBe(0);
    expect(results).toEqual({ verdict: 'pass', passed: '5/5', outcome: 'ok' });
    expect(model.refusals).toEqual([]);
  });

  test('passes on vLLM 0.16, which takes forced calls and does not force them', async () => {
    const { code, rows } = await smoke({ version: '0.16' }, { flags: ['--tries=1'] });
    expect(code).toBe(0);
    expect(rows['tool-call']).toBe('pass 1/1');
  });

  test('is asked for the budget, the temperature and the name that were given', async () => {
    const { model } = await smoke(
      { servedName: ['a', 'b'] },
      { flags: ['--tries=1', '--max-tokens=777', '--served-name=b'] },
    );
    const chats = model.served.filter(({ path }) => path === '/v1/chat/completions').slice(1);
    for (const { body } of chats)
      expect(body).toMatchObject({ model: 'b', max_completion_tokens: 777, temperature: 0 });
  });
});

describe('a model that cannot', () => {
  const faulty = (...kinds: ModelFault['kind'][]): Partial<ModelOptions> => ({
    faults: kinds.map((kind) => ({ kind, on: 'tools' })),
  });

  test.each<[ModelFault['kind'], string, string]>([
    [
      'call-in-content',
      'IN_CONTENT',
      '--tool-call-parser must be its own (openai is for gpt-oss), beside --enable-auto-tool-choice',
    ],
    ['leak-in-content', 'LEAK', 'oc logs'],
    ['leak-in-name', 'LEAK', 'oc logs'],
    ['truncated-arguments', 'BAD_JSON', 'oc logs'],
    ['arguments-against-schema', 'BAD_ARGUMENTS', 'oc logs'],
    ['wrong-tool', 'WRONG_NAME', 'oc logs'],
    ['no-call', 'NONE', 'oc logs'],
    ['wrong-finish', 'FINISH', 'oc logs'],
    ['empty', 'EMPTY', 'oc logs'],
    ['ignores-result', 'WRONG_ANSWER', 'manifest'],
    ['harmony-error', 'SERVER_ERROR', 'oc logs'],
  ])('because of %s fails as %s, with 65, evidence and a hint', async (kind, code, hint) => {
    const run = await smoke(faulty(kind), { flags: ['--tries=1'] });
    expect(run.code).toBe(65);
    expect(run.log).toContain(`error check: LD190 TOOLCALL_${code}: `);
    expect(run.log).toMatch(new RegExp(`^  \\| ${code}: .+ \\(tool-(call|result), 1 of 1 tries\\)$`, 'm'));
    expect(run.log).toMatch(/^Try: .+$/m);
    expect(run.log.split('Try: ')[1]).toContain(hint);
    expect(run.results['outcome']).toContain(`check: LD190 TOOLCALL_${code}`);
    expect(run.rows['chat']).toBe('pass 1/1');
  });

  test('because it calls what nobody asked for fails the second turn', async () => {
    const { code, rows } = await smoke(faulty('always-calls'), { flags: ['--tries=1'] });
    expect(code).toBe(65);
    expect(rows).toMatchObject({
      'tool-result': 'fail 0/1 UNASKED',
      'no-needless-call': 'unsupported 0/1 UNASKED',
    });
  });

  test('because its streams end in the middle fails the streamed checks only', async () => {
    const { code, rows } = await smoke(
      { faults: [{ kind: 'stream-ends', on: 'stream' }] },
      { flags: ['--tries=1'] },
    );
    expect(code).toBe(65);
    expect(rows).toMatchObject({
      'tool-call': 'pass 1/1',
      'tool-call-streamed': 'fail 0/1 STREAM_ENDED',
      'tool-result': 'pass 1/1',
      'tool-result-streamed': 'fail 0/1 STREAM_ENDED',
    });
  });

  test.each([
    ['tool-call-streamed', true],
    ['tool-call', false],
  ])(
    'because it dies in the middle of %s fails as SERVER_ERROR, not as unreachable',
    async (check, stream) => {
      const answer = (body: string) =>
        body.includes('A1042') && body.includes(`"stream":${stream}`) ? brokenConnection(stream) : undefined;
      const { code, log } = await smoke({}, { flags: ['--tries=1'], answer });
      expect(code).toBe(65);
      expect(log).toContain('LD190 TOOLCALL_SERVER_ERROR: the server fails at the question');
      expect(log).toMatch(new RegExp(`^  \\| SERVER_ERROR: .+ ended the connection .+ \\(${check}, `, 'm'));
    },
  );

  test('because the flags of the parser are missing is told both flags', async () => {
    const run = await smoke(
      { family: 'other', toolParser: undefined, autoToolChoice: false },
      { flags: ['--tries=1'] },
    );
    expect(run.code).toBe(65);
    expect(run.log).toContain('LD190 TOOLCALL_REJECTED');
    expect(run.log).toContain(
      '--tool-call-parser must be its own (openai is for gpt-oss), beside --enable-auto-tool-choice',
    );
  });

  test('because the answer is cut at its end is told to raise the budget', async () => {
    // Enough for a chat, not for the arguments of a call.
    const run = await smoke({ version: '0.16', maxModelLen: 105 }, { flags: ['--tries=1'] });
    expect(run.code).toBe(65);
    expect(run.rows).toMatchObject({ chat: 'pass 1/1', 'tool-call': 'fail 0/1 LENGTH' });
    expect(run.log).toMatch(/^Try: raise max-tokens/m);
  });
});

describe('a model that can only sometimes', () => {
  const sometimes: Partial<ModelOptions> = { faults: [{ kind: 'no-call', on: 'tools', every: 3 }] };

  test('fails when all tries must pass', async () => {
    const { code, log } = await smoke(sometimes, { flags: ['--tries=4'] });
    expect(code).toBe(65);
    expect(log).toMatch(/flaky +[123]\/4/);
  });

  test('passes as flaky when enough tries pass', async () => {
    const { code, results } = await smoke(sometimes, { flags: ['--tries=4', '--must-pass=1'] });
    expect(code).toBe(0);
    expect(results).toEqual({ verdict: 'flaky', passed: '5/5', outcome: 'ok' });
  });

  test('is not asked when more tries have to pass than there are', async () => {
    const { code, log } = await smoke(sometimes, { flags: ['--tries=1', '--must-pass=50'] });
    expect(code).toBe(64);
    expect(log).toContain('--must-pass=50 of --tries=1');
  });
});

describe('capabilities', () => {
  /** As servers say that have never heard of it. */
  const unforced = (body: string) =>
    body.includes('"tool_choice":"required"')
      ? Response.json({ error: { message: 'tool_choice must be auto or none' } }, { status: 400 })
      : undefined;

  test('that are missing do not fail the gate', async () => {
    const { code, rows, results } = await smoke({}, { flags: ['--tries=2'], answer: unforced });
    expect(rows).toMatchObject({
      'choice-required': 'unsupported 0/2 REJECTED',
      'choice-named': 'pass 2/2',
    });
    expect(code).toBe(0);
    expect(results).toMatchObject({ verdict: 'pass', passed: '5/5' });
  });

  test('fail it when they are asked for', async () => {
    const asked = { flags: ['--tries=1', '--require=strict\nchoice-required'], answer: unforced };
    const { code, log, rows } = await smoke({}, asked);
    expect(code).toBe(65);
    expect(rows).toMatchObject({ strict: 'pass 1/1', 'choice-required': 'fail 0/1 REJECTED' });
    expect(log).toContain('the server rejects the question (choice-required)');
  });

  const forced = (body: string) => body.includes('"tool_choice":"required"');
  const silence = () =>
    new Response(new ReadableStream(), { headers: { 'content-type': 'application/json' } });

  test.each<[string, (signal?: AbortSignal) => Response]>([
    ['answers 503', () => new Response('no', { status: 503 })],
    ['says nothing', silence],
  ])('at which the server %s are unsupported, and asked no further', async (_, failing) => {
    const flags = ['--tries=2', '--answer-timeout=1s'];
    const run = await smoke(
      {},
      { flags, answer: (body, signal) => (forced(body) ? failing(signal) : undefined) },
    );
    expect(run.rows).toMatchObject({
      'choice-required': 'unsupported 0/1 SERVER_ERROR',
      'choice-named': 'pass 2/2',
      strict: 'pass 2/2',
    });
    expect(run.code).toBe(0);
    expect(run.results).toMatchObject({ verdict: 'pass', passed: '5/5' });
  });

  test.each<[string, number, Response]>([
    ['goes down for good', 69, new Response('no', { status: 503 })],
    ['dies', 65, Response.json({ error: { message: 'EngineCore encountered an issue' } }, { status: 500 })],
  ])(
    'at which the server %s end the run with %d, and the log has the table so far',
    async (_, exit, last) => {
      let down = false;
      const answer = (body: string) => {
        down ||= forced(body);
        return down ? last.clone() : undefined;
      };
      const { code, rows, log } = await smoke({}, { flags: ['--tries=1'], answer });
      expect(code).toBe(exit);
      expect(log).toContain('check=choice-required');
      expect(rows).toMatchObject({ 'tool-result-streamed': 'pass 1/1', 'choice-none': 'pass 1/1' });
    },
  );

  test('that are asked for end the run when nothing answers', async () => {
    const answer = (body: string) => (forced(body) ? new Response('no', { status: 503 }) : undefined);
    const { code } = await smoke({}, { flags: ['--tries=1', '--require=choice-required'], answer });
    expect(code).toBe(69);
  });

  test('that do not exist are refused, with the list of those that do', async () => {
    const { code, log } = await smoke({}, { flags: ['--require=telepathy'] });
    expect(code).toBe(64);
    expect(log).toContain('--require: "telepathy" is not one of nested-arguments, ');
  });
});

describe('a model that is slow', () => {
  const silentAt = (part: string) => (body: string, signal?: AbortSignal) =>
    body.includes(part) ? silence(signal) : undefined;

  test('is not waited for any longer than the time that was given, and the log has the table so far', async () => {
    const run = await smoke({}, { flags: ['--tries=1', '--timeout=1s'], answer: silentAt('tracking code') });
    expect(run.code).toBe(75);
    expect(run.rows).toEqual({
      chat: 'pass 1/1',
      'tool-call': 'pass 1/1',
      'tool-call-streamed': 'pass 1/1',
    });
    expect(run.log).toContain(
      'error not-ready: the model answers too slowly: its gate is not through after 1 s',
    );
    expect(run.log).toContain('| the time was over in tool-result (1 tries of every check)');
    expect(run.log).toMatch(/^Try: oc logs deploy/m);
    expect(run.results['outcome']).toContain('not-ready: the model answers too slowly');
  });

  test('at the first question already ends the same way', async () => {
    const run = await smoke({}, { flags: ['--timeout=1s'], answer: silentAt('"messages"') });
    expect(run.code).toBe(75);
    expect(run.log).toContain('| the time was over in chat');
  });

  test('and wrong is told what is wrong', async () => {
    const wrong: Partial<ModelOptions> = { faults: [{ kind: 'no-call', on: 'tools' }] };
    const run = await smoke(wrong, {
      flags: ['--tries=1', '--timeout=1s'],
      answer: silentAt('tracking code'),
    });
    expect(run.code).toBe(65);
    expect(run.log).toContain('LD190 TOOLCALL_NONE');
  });

  test('only at what is no gate passes, and the rest stays unasked', async () => {
    const flags = ['--tries=1', '--timeout=2s', '--require=strict'];
    const run = await smoke({}, { flags, answer: silentAt('"tool_choice":"none"') });
    expect(run.code).toBe(0);
    expect(run.results).toMatchObject({ verdict: 'pass', passed: '6/6' });
    expect(Object.keys(run.rows)).toEqual(expect.arrayContaining(['strict', 'no-needless-call']));
    expect(run.log).toContain('checks="choice-none, choice-required, choice-named"');
  });

  test('for good at the last question does not pass', async () => {
    let hung = false;
    const answer = (body: string, signal?: AbortSignal) => {
      hung ||= body.includes('"tool_choice":"none"');
      if (!hung) return undefined;
      return body.includes('"tool_choice"') ? silence(signal) : new Response('no', { status: 503 });
    };
    const run = await smoke({}, { flags: ['--tries=1', '--timeout=2s'], answer });
    expect(run.code).toBe(69);
  });
});

describe('an endpoint that is not one', () => {
  test('because nothing listens there ends with 69', async () => {
    const { code, log } = await smoke({}, { url: 'http://127.0.0.1:1' });
    expect(code).toBe(69);
    expect(log).toContain('error unavailable: 127.0.0.1:1 ');
    expect(log).toMatch(/^Try: oc get pods/m);
  });

  test('because another server answers ends with 65', async () => {
    const { code, log } = await smoke({ faults: [{ kind: 'html' }] });
    expect(code).toBe(65);
    expect(log).toContain("answered with a web page instead of OpenAI's JSON");
    expect(log).toMatch(/^Try: curl -sS -i http:\/\/127/m);
  });

  test('because the token is not known ends with 77', async () => {
    const reviews = { reviewToken: async () => undefined, mayGet: async () => true };
    const { code, log } = await smoke({ reviews }, { guarded: true });
    expect(code).toBe(77);
    expect(log).toMatch(/error refused: LD181 AUTH_401: .* does not accept the token of models\/llm-smoke/);
    expect(log).not.toContain(ours);
  });

  test('because the right is missing ends with 77 and the commands that grant it', async () => {
    const reviews = { reviewToken: async () => ({ username: 'x' }), mayGet: async () => false };
    const { code, log } = await smoke({ reviews }, { guarded: true });
    expect(code).toBe(77);
    expect(log).toContain('LD182 AUTH_403: models/llm-smoke may not use models/gpt-oss-20b-rhaiis');
    expect(log).toMatch(/^Try: oc create role gpt-oss-20b-rhaiis-view-role -n models --verb=get/m);
  });

  test('because it cannot read its vocabulary ends with 65 and sends to verify-tiktoken', async () => {
    const { code, log } = await smoke({
      vocabularyError: 'invalid tiktoken vocab file: No such file or directory (os error 2)',
    });
    expect(code).toBe(65);
    expect(log).toContain('LD132 HARMONY_VOCAB');
    expect(log).toMatch(/^Try: run verify-tiktoken/m);
  });

  test('because it serves another model ends with 65 and its names', async () => {
    const { code, log } = await smoke({}, { flags: ['--served-name=llama'] });
    expect(code).toBe(65);
    expect(log).toContain('models: gpt-oss-20b');
  });

  test('because it goes down in the middle ends with 69', async () => {
    const { code, log, rows } = await smoke({ faults: [{ kind: 'status', status: 503, on: 'tools' }] });
    expect(code).toBe(69);
    expect(log).toContain('answers 503');
    expect(log).toContain('check=tool-call');
    expect(rows).toEqual({ chat: 'pass 3/3' });
  });
});
