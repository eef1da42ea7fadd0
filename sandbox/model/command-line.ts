import { EngineExit } from './engine.ts';

export interface CommandLine {
  readonly model: string;
  readonly host: string;
  readonly port: number;
  readonly servedNames: readonly string[];
  readonly maxModelLen: number | undefined;
  readonly toolParser: string | undefined;
  readonly autoToolChoice: boolean;
  readonly apiKey: string | undefined;
}

/**
 * Reads the arguments of `vllm serve` (or of its module form). What vLLM refuses ends as it does there:
 * exit 2 for an unknown flag, exit 1 for an unknown parser or tools without one.
 */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const flags = readFlags(args);
  const value = (name: string) => flags.get(name)?.[0];
  const toolParser = value('tool-call-parser');
  const reasoningParser = value('reasoning-parser');
  if (flags.has('enable-auto-tool-choice') && toolParser === undefined)
    throw new EngineExit(1, ['TypeError: Error: --enable-auto-tool-choice requires --tool-call-parser']);
  if (toolParser !== undefined && !toolParsers.includes(toolParser))
    throw new EngineExit(1, [
      `KeyError: 'invalid tool call parser: ${toolParser} (chose from { ${toolParsers.join(',')} })'`,
    ]);
  if (reasoningParser !== undefined && !reasoningParsers.includes(reasoningParser))
    throw new EngineExit(1, [
      `KeyError: "Reasoning parser '${reasoningParser}' not found. Available parsers: ${reasoningParsers.join(', ')}"`,
    ]);
  const model = value('model') ?? '/mnt/models';
  const maxModelLen = value('max-model-len');
  return {
    model,
    host: value('host') ?? '0.0.0.0',
    port: Number(value('port') ?? 8000),
    servedNames: flags.get('served-model-name') ?? [model],
    maxModelLen: maxModelLen === undefined ? undefined : Number(maxModelLen),
    toolParser,
    autoToolChoice: flags.has('enable-auto-tool-choice'),
    apiKey: value('api-key'),
  };
}

/** Flag name to its values; a bare word after `serve` is the model. */
function readFlags(args: readonly string[]): Map<string, string[]> {
  const flags = new Map<string, string[]>();
  const unknown: string[] = [];
  let current: string[] | undefined;
  for (const arg of args.filter((word, index) => !(index === 0 && word === 'serve'))) {
    const flag = /^--?([a-zA-Z][\w-]*)(?:=(.*))?$/s.exec(arg);
    if (flag === null) {
      if (current !== undefined) current.push(arg);
      else flags.set('model', [arg]);
      continue;
    }
    const [, name = '', value] = flag;
    if (!knownFlags.has(name)) unknown.push(arg);
    current = value === undefined ? [] : [value];
    flags.set(name, current);
    if (value !== undefined || switches.has(name)) current = undefined;
  }
  if (unknown.length > 0)
    throw new EngineExit(2, [
      'usage: vllm serve [model_tag] [options]',
      `vllm: error: unrecognized arguments: ${unknown.join(' ')}`,
    ]);
  return flags;
}

const switches = new Set([
  'enable-auto-tool-choice',
  'enforce-eager',
  'trust-remote-code',
  'enable-prefix-caching',
  'no-enable-prefix-caching',
  'async-scheduling',
  'disable-log-requests',
  'no-enable-log-requests',
  'enable-log-requests',
  'enable-chunked-prefill',
  'fail-on-environ-validation',
]);

const knownFlags = new Set([
  ...switches,
  'model',
  'host',
  'port',
  'served-model-name',
  'max-model-len',
  'tool-call-parser',
  'reasoning-parser',
  'api-key',
  'tensor-parallel-size',
  'tp',
  'gpu-memory-utilization',
  'dtype',
  'quantization',
  'load-format',
  'max-num-seqs',
  'max-num-batched-tokens',
  'kv-cache-dtype',
  'kv-cache-memory-bytes',
  'chat-template',
  'tokenizer',
  'seed',
  'swap-space',
  'uvicorn-log-level',
  'compilation-config',
  'override-generation-config',
  'generation-config',
  'limit-mm-per-prompt',
  'shutdown-timeout',
]);

const toolParsers = [
  'granite',
  'hermes',
  'internlm',
  'jamba',
  'llama3_json',
  'mistral',
  'openai',
  'pythonic',
  'qwen3_coder',
  'xlam',
];
const reasoningParsers = ['deepseek_r1', 'granite', 'mistral', 'openai_gptoss', 'qwen3'];
