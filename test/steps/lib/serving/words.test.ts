import { describe, expect, it } from 'vitest';
import { downloadProgress, firstErrorLine, loadPhase } from '../../../../steps/lib/serving/words.ts';

/** Lines of vLLM 0.32 and 0.16 in the order of a start; times and prefixes differ between versions. */
const start = [
  "(APIServer pid=12) INFO 11-23 10:00:00 [utils.py:233] non-default args: {'model': '/mnt/models'}",
  '(APIServer pid=12) INFO 11-23 10:00:02 [model.py:514] Resolved architecture: GptOssForCausalLM',
  '(EngineCore pid=40) INFO 11-23 10:00:09 [core.py:77] Initializing a V1 LLM engine (v0.32.0) with config: model=/mnt/models',
  '(Worker pid=60) INFO 11-23 10:00:12 [gpu_model_runner.py:2602] Starting to load model /mnt/models...',
  'Loading safetensors checkpoint shards:  33% Completed | 1/3 [00:04<00:08,  4.10s/it]',
  '(Worker pid=60) INFO 11-23 10:00:30 [default_loader.py:268] Loading weights took 18.09 seconds',
  '(EngineCore_DP0 pid=40) INFO 11-23 10:00:40 [kv_cache_utils.py:1087] GPU KV cache size: 1,636,801 tokens',
  '(Worker pid=60) Capturing CUDA graphs (decode, FULL):  50%|█████     | 17/35',
  '(EngineCore pid=40) INFO 11-23 10:01:00 [core.py:210] init engine (profile, create kv cache, warmup model) took 27.18 s',
  "(APIServer pid=12) INFO 11-23 10:01:01 [api_server.py:1965] Supported tasks: ['generate']",
  '(APIServer pid=12) INFO 11-23 10:01:01 [api_server.py:2016] Starting vLLM API server 0 on http://0.0.0.0:8080',
  'INFO:     Application startup complete.',
];

describe('the phases of a start', () => {
  it('are told by the newest line that names one', () => {
    const phases = start.map((_, at) => loadPhase(start.slice(0, at + 1).join('\n')));
    expect(phases).toEqual([
      'reading the configuration',
      'reading the configuration',
      'starting the engine',
      'loading weights',
      'loading weights, shard 1/3',
      'weights loaded',
      'sizing the KV cache',
      'capturing CUDA graphs',
      'engine ready',
      'starting the server',
      'starting the server',
      'server is up',
    ]);
  });

  it('see through a progress bar that overwrites its line', () => {
    const bar = [1, 2, 3].map(
      (n) => `Loading safetensors checkpoint shards:  ${n}0% Completed | ${n}/10 [..]`,
    );
    expect(loadPhase(`x\n${bar.join('\r')}`)).toBe('loading weights, shard 3/10');
  });

  it('begin with nothing said', () => {
    expect(loadPhase('')).toBe('starting');
  });
});

describe('the progress of a download', () => {
  const found = 'INFO Found S3 object: m/a (13700000000 bytes)\nINFO Found S3 object: m/b (1000 bytes)\n';

  it.each([
    ['nothing said yet', 'INFO Copying contents of s3://models/m/ to local', ''],
    ['all listed, as for most of the time', found, '2 files, 13.7 GB in all'],
    ['one named as finished', `${found}INFO Downloaded object m/b\n`, '1 of 2 files, 13.7 GB in all'],
    ['the list scrolled away', 'INFO Downloaded object m/a\nINFO Downloaded object m/b', '2 files so far'],
    ['a small model', 'Found S3 object: m/a (4000000 bytes)', '1 files, 4.0 MB in all'],
  ])('%s', (_title, log, progress) => {
    expect(downloadProgress(log)).toBe(progress);
  });
});

describe('the first error line', () => {
  it('is neither a warning nor one of the generic last words', () => {
    const log = [
      'WARNING 11-23 [utils.py:1] OSError: [Errno 24] Too many open files',
      'Traceback (most recent call last):',
      '(Worker pid=60) ERROR 11-23 [core.py:9] WorkerProc initialization failed due to an exception',
      '(Worker pid=60) ValueError: the real one',
      'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ].join('\n');
    expect(firstErrorLine(log)).toBe('(Worker pid=60) ValueError: the real one');
  });

  it('is absent in a log without errors', () => {
    expect(firstErrorLine('INFO all is well\nINFO Errors: 0')).toBeUndefined();
  });
});
