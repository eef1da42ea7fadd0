/** Bytes of the length field at a safetensors file's start (little endian), before the JSON header. */
export const lengthField = 8;

/** The format allows headers of 100 MB; real ones have some hundred kB, and we hold one in memory. */
const headerLimit = 32 * 2 ** 20;

/** Bytes of the JSON header, or why the file cannot be one. */
export function headerLength(field: Buffer, fileSize: number): number | string {
  if (field.length < lengthField) return `has ${fileSize} bytes, too few for a safetensors header`;
  const length = field.readBigUInt64LE(0);
  if (length > BigInt(headerLimit)) return `says that its header has ${length} bytes`;
  if (Number(length) + lengthField > fileSize)
    return `says that its header has ${length} bytes, the file has ${fileSize}`;
  return Number(length);
}

/** What is wrong with the header of a file of `fileSize` bytes: the tensors must fill what follows it, each byte once. */
export function judgeHeader(header: Buffer, fileSize: number): string | undefined {
  const tensors = parseTensors(header);
  if (!tensors) return 'has no readable safetensors header';
  const space = fileSize - lengthField - header.length;
  let at = 0;
  for (const i of inOrder(tensors)) {
    const [begin = 0, end = 0] = [tensors.begins[i], tensors.ends[i]];
    if (begin !== at || end < begin)
      return `has a gap or an overlap before tensor ${JSON.stringify(tensors.names[i])}`;
    at = end;
  }
  return at === space ? undefined : `has ${space} bytes of tensors, its header says ${at}`;
}

/** Side by side and not an object each: a header may name a million of them. */
interface Tensors {
  readonly names: readonly string[];
  readonly begins: Float64Array;
  readonly ends: Float64Array;
}

/** Their numbers, as they lie in the file. */
function inOrder({ begins, ends }: Tensors): Uint32Array {
  const apart = (of: Float64Array, a: number, b: number) => (of[a] ?? 0) - (of[b] ?? 0);
  return new Uint32Array(begins.length)
    .map((_, i) => i)
    .sort((a, b) => apart(begins, a, b) || apart(ends, a, b));
}

function parseTensors(header: Buffer): Tensors | undefined {
  const body = parseObject(header);
  if (!body) return undefined;
  // No tensor; a second list of the names would be made to leave it out.
  delete body['__metadata__'];
  const names = Object.keys(body);
  const [begins, ends] = [new Float64Array(names.length), new Float64Array(names.length)];
  for (let i = 0; i < names.length; i += 1) {
    const pair = offsets(body[names[i] ?? '']);
    const [begin, end] = [pair[0], pair[1]];
    if (!isWhole(begin) || !isWhole(end)) return undefined;
    begins[i] = begin;
    ends[i] = end;
  }
  return { names, begins, ends };
}

function parseObject(header: Buffer): Record<string, unknown> | undefined {
  try {
    const body: unknown = JSON.parse(header.toString('utf8'));
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function offsets(tensor: unknown): readonly unknown[] {
  const pair: unknown =
    typeof tensor === 'object' && tensor !== null && 'data_offsets' in tensor ? tensor.data_offsets : [];
  return Array.isArray(pair) ? pair : [];
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
