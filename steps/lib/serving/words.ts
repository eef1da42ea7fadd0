/** What a container's log says; substrings only, since prefixes and units differ between versions of vLLM and KServe. */

/** What the storage-initializer is at. For S3 it lists all objects first and names the finished ones only at its end. */
export function downloadProgress(log: string): string {
  const found = [...log.matchAll(/Found S3 object: .* \((\d+) bytes\)/g)];
  const done = [...log.matchAll(/Downloaded object /g)].length;
  if (found.length === 0) return done > 0 ? `${done} files so far` : '';
  const bytes = found.reduce((sum, [, size]) => sum + Number(size), 0);
  const files = done > 0 ? `${done} of ${found.length} files` : `${found.length} files`;
  return `${files}, ${bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`} in all`;
}

const loadPhases: readonly (readonly [substring: RegExp, phase: string])[] = [
  [/non-default args|Resolved architecture/, 'reading the configuration'],
  [/Initializing a V1 LLM engine/, 'starting the engine'],
  [/Starting to load model/, 'loading weights'],
  [/Loading safetensors checkpoint shards:/, 'loading weights'],
  [/Loading weights took/, 'weights loaded'],
  [/torch\.compile|Warming up/, 'compiling'],
  [/KV cache size/, 'sizing the KV cache'],
  [/Capturing CUDA graph/, 'capturing CUDA graphs'],
  [/init engine .* took/, 'engine ready'],
  [/Supported[ _]tasks|Starting vLLM (API )?server/, 'starting the server'],
  [/Application startup complete/, 'server is up'],
];

/** What vLLM is at while it loads, by the newest line that says it. */
export function loadPhase(log: string): string {
  for (const line of linesOf(log).reverse()) {
    const phase = loadPhases.find(([said]) => said.test(line))?.[1];
    const shards = /(\d+)% Completed \| (\d+\/\d+)/.exec(line);
    if (phase) return shards ? `${phase}, shard ${shards[2]}` : phase;
  }
  return 'starting';
}

/** Lines of a log that say why a container ended: causes first found, then anything that looks like an error. */
export function firstErrorLine(log: string): string | undefined {
  const lines = linesOf(log).filter((line) => !isNoError(line) && !isGeneric(line));
  return lines.find((line) => /\b\w*(Error|Exception)\b\s*[:(]|\berror:|\bERROR\b.*\w|\bfatal\b/i.test(line));
}

/** At every start vLLM tells its whole configuration, a notice about open files that quotes an OSError, and what Python warns of. */
export function isNoError(line: string): boolean {
  return /^(\(.*?\) *)?(INFO|DEBUG)\b|\bWARN(ING)?\b|\w+Warning:/.test(line);
}

const generic = [
  // Whatever the reason was.
  /See root cause above|initialization failed|Traceback \(most recent call last\)|EngineDeadError|Dumping input data/,
  // At every start from a folder, which it asks the Hub about.
  /Error retrieving (safetensors|file list)/,
];

function isGeneric(line: string): boolean {
  return generic.some((said) => said.test(line));
}

export function linesOf(log: string): string[] {
  return log
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== '');
}
