import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sha256 } from './digest.ts';
import { StepError } from './errors.ts';

/**
 * The vocabulary that harmony (the chat format of gpt-oss) opens as `$TIKTOKEN_ENCODINGS_BASE/o200k_base.tiktoken`.
 * Size and SHA-256 are those pinned in tiktoken's `openai_public.py` and in openai-harmony.
 */
export const vocabulary = {
  file: 'o200k_base.tiktoken',
  size: 3_613_922,
  sha256: '446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d',
  entries: 199_998,
} as const;

/** Folder that KServe's storage-initializer fills with what lies under the model's prefix. */
export const modelFolder = '/mnt/models';

export type VocabularyMode = 'auto' | 'always' | 'never';

/**
 * Where the image keeps the vocabulary, seen from a module's `import.meta.url`: beside the bundle, or, when the sources
 * run unbundled (all modules lie two folders below the root), in the package that it is built from.
 */
export function vocabularyPlaces(from: string): readonly URL[] {
  return [
    new URL(vocabulary.file, from),
    new URL(`../../node_modules/gpt-tokenizer/data/${vocabulary.file}`, from),
  ];
}

/** The exact bytes from the image; a missing or damaged file is a defect of the image. */
export async function readVocabulary(places: readonly URL[]): Promise<Buffer> {
  const seen: string[] = [];
  for (const place of places) {
    const bytes = await readIfThere(place);
    if (bytes && isVocabulary(bytes)) return bytes;
    seen.push(
      `${bytes ? `${bytes.length} bytes, sha256 ${sha256(bytes)}` : 'not there'} (file system, ${fileURLToPath(place)})`,
    );
  }
  throw new StepError('check', `the image does not hold the vocabulary ${vocabulary.file}`, {
    evidence: [...seen, `wanted: ${vocabulary.size} bytes, sha256 ${vocabulary.sha256}`],
    hint: 'build the image again from an unchanged tree: npm ci --ignore-scripts && npm run build',
  });
}

function isVocabulary(bytes: Buffer): boolean {
  return bytes.length === vocabulary.size && sha256(bytes) === vocabulary.sha256;
}

/** Whether vLLM will open the vocabulary for this model: `auto` goes by config.json, and by the name where there is none. */
export function needsVocabulary(mode: VocabularyMode, model: string, config: unknown): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (typeof config === 'object' && config !== null && 'model_type' in config)
    return config.model_type === 'gpt_oss';
  return /gpt-?oss/i.test(model);
}

async function readIfThere(place: URL): Promise<Buffer | undefined> {
  try {
    return await readFile(place);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined;
    throw error;
  }
}
