import { join } from 'node:path';
import { output } from './command.ts';
import type { ComponentName } from './components.ts';

/** The folder of modules/<component>/go.mod. */
export const componentFolder = (component: string): string => join(import.meta.dirname, 'modules', component);

/** Where Go keeps a module's own files: manifests and scripts are read there, none are copied into this repository. */
export async function moduleFolder(component: ComponentName, module: string): Promise<string> {
  const folder = await output('go', ['list', '-m', '-f', '{{.Dir}}', module], {
    cwd: componentFolder(component),
  });
  return folder.trim();
}
