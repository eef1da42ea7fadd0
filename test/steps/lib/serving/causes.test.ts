import { describe, expect, it } from 'vitest';
import { causeOf } from '../../../../steps/lib/serving/causes.ts';
import type { ContainerSeen } from '../../../../steps/lib/serving/pods.ts';

function ended(changes: Partial<ContainerSeen>): ContainerSeen {
  return {
    name: 'kserve-container',
    init: false,
    state: 'terminated',
    ready: false,
    done: false,
    crashes: 1,
    ended: { exitCode: 1, reason: 'Error' },
    log: '',
    ...changes,
  };
}

const generic =
  '(EngineCore pid=9) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}';

describe('why a server ended, by what vLLM says', () => {
  it.each([
    [
      'LD132 HARMONY_VOCAB',
      'openai_harmony.HarmonyError: error downloading or loading vocab file: failed to download or load vocab file',
    ],
    ['LD132 HARMONY_VOCAB', 'invalid tiktoken vocab file: No such file or directory (os error 2)'],
    ['LD134 ARGS_INVALID', "KeyError: 'invalid tool call parser: nope (chose from { apertus,openai })'"],
    ['LD134 ARGS_INVALID', `KeyError: "Reasoning parser 'nope' not found. Available parsers: openai_gptoss"`],
    ['LD134 ARGS_INVALID', 'TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser'],
    ['LD134 ARGS_INVALID', 'vllm: error: unrecognized arguments: --frobnicate 1'],
    [
      'LD134 ARGS_INVALID',
      'ValueError: User-specified max_model_len (200000) is greater than the derived max_model_len (131072)',
    ],
    ['LD136 MODEL_FILES', "ValueError: Invalid repository ID or local directory specified: '/mnt/models'."],
    [
      'LD136 MODEL_FILES',
      "FileNotFoundError: Weight files referenced in index but missing: {'model-00002.safetensors'}",
    ],
    [
      'LD136 MODEL_FILES',
      'safetensors_rust.SafetensorError: Error while deserializing header: incomplete metadata, file not fully covered',
    ],
    ['LD136 MODEL_FILES', 'RuntimeError: Cannot find any model weights with `/mnt/models`'],
    [
      'LD133 MODEL_UNSUPPORTED',
      'ValueError: The checkpoint has model type `x` but Transformers does not recognize this architecture',
    ],
    [
      'LD133 MODEL_UNSUPPORTED',
      'ValueError: Loading /mnt/models requires custom code. Please pass the argument `trust_remote_code=True` to allow it.',
    ],
    [
      'LD133 MODEL_UNSUPPORTED',
      'RuntimeError: Failed to load the model config. Consider setting `trust_remote_code=True` in LLM or using the `--trust-remote-code` flag in the CLI.',
    ],
    [
      'LD133 MODEL_UNSUPPORTED',
      'NotImplementedError: No MXFP4 MoE backend supports the deployment configuration.',
    ],
    ['LD131 CUDA_OOM', 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.06 GiB.'],
    [
      'LD131 CUDA_OOM',
      "ValueError: To serve at least one request with the model's max seq len (8388608), (4.0 GiB KV cache is needed, which is larger than the available KV cache memory (1.0 GiB).",
    ],
    ['LD137 GPU_BROKEN', 'RuntimeError: No CUDA GPUs are available'],
    ['LD137 GPU_BROKEN', 'vllm.third_party.pynvml.NVMLError_DriverNotLoaded: Driver Not Loaded'],
    ['LD137 GPU_BROKEN', 'Failed to initialize NVML: Driver/library version mismatch'],
  ])('%s', (code, line) => {
    const log = ['INFO starting', line, ...Array<string>(80).fill('  File "x.py", line 1'), generic].join(
      '\n',
    );
    expect(causeOf(ended({ log }))).toMatchObject({ code, line });
  });

  it('tells of damaged files how to find and to mend them: stage-model alone replaces nothing that is committed', () => {
    const { hint } = causeOf(ended({ log: 'SafetensorError: incomplete metadata' }));
    expect(hint).toContain('read-back=always and retry-failed=true');
    expect(hint).toContain('marker to remove');
  });

  it('takes the first cause, since what follows follows from it', () => {
    const log = 'RuntimeError: CUDA out of memory\nRuntimeError: Cannot find any model weights';
    expect(causeOf(ended({ log })).code).toBe('LD131 CUDA_OOM');
  });

  it('does not take a warning for a cause', () => {
    const log = 'WARNING cannot reach: CUDA out of memory (ignored)\nKeyError: something else';
    expect(causeOf(ended({ log }))).toMatchObject({
      code: 'LD139 CRASHED',
      line: 'KeyError: something else',
    });
  });

  describe('is told by none of the lines that stand in the log of every start', () => {
    const engine =
      "(EngineCore_DP0 pid=271) INFO 11-23 10:00:01 [core.py:77] Initializing a V1 LLM engine (v0.11.0) with config: model='/mnt/models', trust_remote_code=False, dtype=torch.bfloat16";
    const args =
      "(APIServer pid=1) INFO 11-23 10:00:00 [utils.py:233] non-default args: {'model': '/mnt/models', 'trust_remote_code': True}";
    const dump = engine.replace('INFO', 'ERROR').replace('Initializing a', 'Dumping input data for');
    const pynvml =
      '/opt/torch/cuda/__init__.py:63: FutureWarning: The pynvml package is deprecated.\n  import pynvml  # type: ignore[import]';
    const retrieving =
      "(APIServer pid=1) ERROR 08-29 11:23:39 [config.py:130] Error retrieving safetensors: Repo id must be in the form 'repo_name' or 'namespace/repo_name': '/mnt/models'., retrying 1 of 2";
    it.each([
      ['the configuration of the engine', engine],
      ['the arguments', args],
      ['the configuration once more, beside an error', dump],
      ['a warning of Python', pynvml],
      ['a question to the Hub about a folder', retrieving],
    ])('%s', (_title, line) => {
      const said = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 1.06 GiB.';
      expect(causeOf(ended({ log: `${line}\n${said}` }))).toMatchObject({
        code: 'LD131 CUDA_OOM',
        line: said,
      });
      const unknown = 'OSError: [Errno 98] Address already in use';
      expect(causeOf(ended({ log: `${line}\n${unknown}` }))).toMatchObject({
        code: 'LD139 CRASHED',
        line: unknown,
      });
    });
  });

  it('never takes exit code 0 of a server for health', () => {
    expect(causeOf(ended({ ended: { exitCode: 0, reason: 'Completed' } })).meaning).toBe(
      'it ended by itself with exit code 0; a server should not',
    );
  });

  it('tells a kill for memory from one by the kubelet', () => {
    expect(causeOf(ended({ ended: { exitCode: 137, reason: 'OOMKilled' } })).code).toBe(
      'LD130 CONTAINER_OOM',
    );
    const probe = ['Unhealthy: Startup probe failed: connection refused'];
    expect(causeOf(ended({ ended: { exitCode: 137, reason: 'Error' } }), probe)).toMatchObject({
      code: 'LD135 PROBE_KILL',
      line: probe[0],
    });
    expect(causeOf(ended({ ended: { exitCode: 1 } }), probe).code).toBe('LD139 CRASHED');
  });

  it.each([
    ['as PID 1, before it serves', 130],
    ['once it serves', 0],
    ['that was too slow to end', 137],
    ['by the signal', 143],
  ])('takes the word of the kubelet for a kill %s', (_title, exitCode) => {
    const killing = 'Killing: Container kserve-container failed startup probe, will be restarted';
    const log = 'Traceback (most recent call last):\nKeyboardInterrupt: terminated';
    const cause = causeOf(ended({ ended: { exitCode, reason: 'Error' }, log }), [killing]);
    expect(cause).toMatchObject({ code: 'LD135 PROBE_KILL', line: killing });
    const other = 'Killing: Container kube-rbac-proxy failed liveness probe, will be restarted';
    expect(causeOf(ended({ ended: { exitCode } }), [other]).code).toBe('LD139 CRASHED');
  });

  it('does not hold the kubelet to have killed what says itself why it ended', () => {
    const killing = 'Killing: Container kserve-container failed startup probe, will be restarted';
    expect(causeOf(ended({ log: 'CUDA out of memory' }), [killing]).code).toBe('LD131 CUDA_OOM');
    expect(causeOf(ended({ ended: { exitCode: 1 } }), [killing]).code).toBe('LD139 CRASHED');
  });

  it('always gives a code, a meaning and a hint', () => {
    const { ended: _, ...unknown } = ended({});
    expect(causeOf(unknown)).toEqual({
      code: 'LD139 CRASHED',
      meaning: 'it ended with exit code unknown',
      hint: expect.stringContaining('oc logs'),
    });
  });
});

describe('why the download ended, by what the storage-initializer says', () => {
  it.each([
    [
      'LD120 INIT_S3_AUTH',
      'botocore.exceptions.ClientError: An error occurred (403) when calling the HeadBucket operation: Forbidden',
    ],
    ['LD120 INIT_S3_AUTH', 'An error occurred (InvalidAccessKeyId) when calling the ListObjects operation'],
    [
      'LD121 INIT_S3_NOTFOUND',
      'RuntimeError: Failed to fetch model. No model found in models/openai/gpt/abc/.',
    ],
    [
      'LD121 INIT_S3_NOTFOUND',
      'botocore.errorfactory.NoSuchBucket: An error occurred (NoSuchBucket) when calling',
    ],
    [
      'LD120 INIT_S3_AUTH',
      'RuntimeError: S3 authentication failed. Set AWS_ACCESS_KEY_ID/AWS_SECRET_ACCESS_KEY',
    ],
    ['LD120 INIT_S3_AUTH', "RuntimeError: Access denied to S3 resource 'models'. Verify permissions."],
    ['LD121 INIT_S3_NOTFOUND', "RuntimeError: S3 resource 'models' not found."],
    ['LD122 INIT_S3_CONN', "RuntimeError: Failed to connect to S3 endpoint 'models'."],
    [
      'LD122 INIT_S3_CONN',
      'botocore.exceptions.EndpointConnectionError: Could not connect to the endpoint URL: "https://s3.svc/"',
    ],
    [
      'LD123 INIT_TLS',
      'botocore.exceptions.SSLError: SSL validation failed for https://s3.svc/ [SSL: CERTIFICATE_VERIFY_FAILED]',
    ],
    ['LD125 INIT_DISK', 'OSError: [Errno 28] No space left on device'],
  ])('%s', (code, line) => {
    const init = ended({ name: 'storage-initializer', init: true, log: `INFO Initializing\n${line}` });
    expect(causeOf(init)).toMatchObject({ code, line });
  });

  it('LD124 INIT_OOM when it was killed for memory', () => {
    const init = ended({ init: true, ended: { exitCode: 137, reason: 'OOMKilled' } });
    expect(causeOf(init).code).toBe('LD124 INIT_OOM');
  });
});
