import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from '../command.ts';
import type { ImageSource } from './recipes.ts';

const source = join(import.meta.dirname, 'pause.c');

const containerfile = `FROM scratch
COPY --chmod=755 pause /pause
USER 65535
ENTRYPOINT ["/pause"]
`;

/** The container that holds a pod's namespaces. */
export async function pause(): Promise<ImageSource> {
  return { name: 'pause', inputs: [await readFile(source), containerfile], containerfile, prepare: compile };
}

async function compile(folder: string): Promise<string> {
  await output('gcc', ['-static', '-Os', '-s', '-o', join(folder, 'pause'), source]);
  return folder;
}
