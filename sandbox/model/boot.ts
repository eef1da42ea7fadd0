import type { CommandLine } from './command-line.ts';
import { parseCommandLine } from './command-line.ts';
import { EngineExit, releases } from './engine.ts';
import type { Engine, VllmVersion } from './engine.ts';
import { vocabularyError, vocabularyFile } from './vocabulary.ts';

/** What the server's process finds when it starts. */
export interface BootInput {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly version: VllmVersion;
  /** The bytes at an absolute path of the container; undefined when there is no such file. */
  readonly read: (path: string) => Promise<Buffer | undefined>;
  /** Paths of the model folder, relative to it. */
  readonly files: readonly string[];
  readonly vocabularyDigest?: string;
}

/** The start of a server: its log in order, and either the engine that then serves or the exit that ended it. */
export type Boot =
  | {
      readonly lines: readonly string[];
      readonly engine: Engine;
      readonly port: number;
      readonly host: string;
    }
  | { readonly lines: readonly string[]; readonly exit: EngineExit };

/** Plays vLLM's start as far as the files, the flags and the environment decide it. */
export async function boot(input: BootInput): Promise<Boot> {
  const lines: string[] = [];
  try {
    const command = parseCommandLine(input.args);
    lines.push(info('api_server.py:1289', `vLLM API server version ${releases[input.version]}`));
    lines.push(info('utils.py:233', `non-default args: ${JSON.stringify({ ...command })}`));
    const config = await readConfig(command.model, input);
    const engine = await startEngine(command, config, input, lines);
    return { lines, engine, port: command.port, host: command.host };
  } catch (error) {
    if (!(error instanceof EngineExit)) throw error;
    return { lines: [...lines, ...error.lines.map((line) => `(APIServer pid=1) ${line}`)], exit: error };
  }
}

interface ModelConfig {
  readonly model_type?: string;
  readonly architectures?: readonly string[];
  readonly max_position_embeddings?: number;
}

async function readConfig(model: string, input: BootInput): Promise<ModelConfig> {
  const bytes = await input.read(`${model.replace(/\/+$/, '')}/config.json`);
  if (bytes === undefined)
    throw new EngineExit(1, [`ValueError: Invalid repository ID or local directory specified: '${model}'.`]);
  try {
    return JSON.parse(bytes.toString('utf8')) as ModelConfig;
  } catch {
    throw new EngineExit(1, [
      `OSError: It looks like the config file at '${model}/config.json' is not a valid JSON file.`,
    ]);
  }
}

async function startEngine(
  command: CommandLine,
  config: ModelConfig,
  input: BootInput,
  lines: string[],
): Promise<Engine> {
  const { version } = input;
  const family = config.model_type === 'gpt_oss' ? 'gpt-oss' : 'other';
  const derived = config.max_position_embeddings ?? 131_072;
  const maxModelLen = command.maxModelLen ?? derived;
  if (maxModelLen > derived)
    throw new EngineExit(1, [
      `ValueError: User-specified max_model_len (${maxModelLen}) is greater than the derived max_model_len (max_position_embeddings=${derived}.0 or model_max_length=None in model's config.json).`,
    ]);
  lines.push(
    info('model.py:530', `Resolved architecture: ${config.architectures?.[0] ?? 'GptOssForCausalLM'}`),
    info('model.py:1510', `Using max model len ${maxModelLen}`),
    info(
      'core.py:94',
      `Initializing a V1 LLM engine (v${releases[version]}) with config: model='${command.model}'`,
    ),
    info('gpu_model_runner.py:2602', `Starting to load model ${command.model}...`),
    ...shardLines(input.files),
  );
  lines.push(
    info('kv_cache_utils.py:1087', 'GPU KV cache size: 1,636,801 tokens'),
    info('core.py:210', 'init engine (profile, create kv cache, warmup model) took 27.18 s'),
    info('api_server.py:1672', "Supported tasks: ['generate']"),
  );
  const broken = family === 'gpt-oss' ? await brokenVocabulary(input) : undefined;
  if (broken !== undefined && version === '0.16')
    throw new EngineExit(1, [`openai_harmony.HarmonyError: ${broken}`]);
  if (family === 'gpt-oss')
    lines.push(
      info(
        'serving_chat.py:120',
        'For gpt-oss, we ignore --enable-auto-tool-choice and always enable tool use.',
      ),
    );
  lines.push(
    info(
      'api_server.py:1971',
      `Starting vLLM ${version === '0.16' ? 'API server 0' : 'server'} on http://${command.host}:${command.port}`,
    ),
    'INFO:     Application startup complete.',
  );
  return {
    version,
    family,
    servedNames: command.servedNames,
    root: command.model,
    maxModelLen,
    toolParser: command.toolParser,
    autoToolChoice: command.autoToolChoice,
    apiKey: command.apiKey,
    chatError: broken,
  };
}

function shardLines(files: readonly string[]): string[] {
  const shards = files.filter((file) => /^[^/]+\.safetensors$/.test(file));
  if (shards.length === 0)
    throw new EngineExit(1, [
      'RuntimeError: Cannot find any model weights with `/mnt/models`',
      ...coreFailed,
    ]);
  return [
    ...shards.map((_, index) => {
      const percent = Math.floor((100 * (index + 1)) / shards.length);
      return `Loading safetensors checkpoint shards: ${String(percent).padStart(3)}% Completed | ${index + 1}/${shards.length}`;
    }),
    info('default_loader.py:268', 'Loading weights took 0.09 seconds'),
  ];
}

/**
 * What harmony will say when the first chat (0.32) or the start (0.16) loads the vocabulary. 0.32 has it inside and looks at the
 * folder only when the variable names one; 0.16 would download it, and there is no network.
 */
async function brokenVocabulary({
  env,
  version,
  read,
  vocabularyDigest,
}: BootInput): Promise<string | undefined> {
  const base = env['TIKTOKEN_ENCODINGS_BASE'];
  if (base === undefined || base === '')
    return version === '0.32'
      ? undefined
      : 'error downloading or loading vocab file: failed to download or load vocab file';
  return vocabularyError(await read(`${base.replace(/\/+$/, '')}/${vocabularyFile}`), vocabularyDigest);
}

const coreFailed = [
  'RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
];

function info(where: string, text: string): string {
  const now = new Date().toISOString();
  return `(APIServer pid=1) INFO ${now.slice(5, 10)} ${now.slice(11, 19)} [${where}] ${text}`;
}
