import { join } from 'node:path';
import { output } from './command.ts';
import type { ComponentName } from './components.ts';

/** The folder of modules/<component>/go.mod. */
export const componentFolder = (component: string): string => join(import.meta.dirname, 'modules', component);

/** Where Go keeps a module's own files, fetched when they are not there yet: none are copied into this repository. */
export async function moduleFolder(
  component: ComponentName,
  module: string,
  env: Record<string, string> = {},
): Promise<string> {
  const said = await output('go', ['mod', 'download', '-json', module], {
    cwd: componentFolder(component),
    env,
  });
  const { Dir } = JSON.parse(said) as { Dir: string };
  return Dir;
}
