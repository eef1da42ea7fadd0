import { join } from 'node:path';
import type { Kubectl } from '../kubectl.ts';
import { moduleFolder } from '../modules.ts';
import { createDefinitions } from './manifests.ts';

/** The CRDs of Pipelines, Triggers and KServe, served when this returns. */
export async function installDefinitions(kubectl: Kubectl): Promise<void> {
  await Promise.all(
    definitions.map(async ({ component, module, files }) =>
      createDefinitions(kubectl, join(await moduleFolder(component, module), 'config'), files),
    ),
  );
}

const definitions = [
  { component: 'pipeline', module: 'github.com/tektoncd/pipeline', files: ['300-crds/*.yaml'] },
  { component: 'triggers', module: 'github.com/tektoncd/triggers', files: ['300-*.yaml'] },
  {
    component: 'kserve',
    module: 'github.com/kserve/kserve',
    files: ['crd/full/serving*.yaml', 'crd/full/clusterstoragecontainer/serving*.yaml'],
  },
] as const;
