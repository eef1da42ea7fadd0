import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { parseFlags } from '../../steps/lib/flags.ts';
import { defaultTimings } from '../../steps/lib/hub/settings.ts';
import { convertParams } from '../../steps/lib/params.ts';
import type { StepSpec } from '../../steps/lib/step.ts';
import { specs } from '../../steps/index.ts';
import { accountName } from '../../tasks/render-rbac.ts';
import { describeTask } from '../../tasks/render-task.ts';

const folder = join(import.meta.dirname, '../../triggers');

interface CronJob {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly concurrencyPolicy: string;
    readonly jobTemplate: {
      readonly spec: {
        readonly activeDeadlineSeconds: number;
        readonly template: {
          readonly metadata?: { readonly labels: Readonly<Record<string, string>> };
          readonly spec: Pod;
        };
      };
    };
  };
}

interface Pod {
  readonly serviceAccountName: string;
  readonly securityContext: object;
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly {
    readonly command: readonly string[];
    readonly args: readonly string[];
    readonly securityContext: object;
    readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  }[];
}

const jobs: [string, CronJob][] = [];
for await (const file of glob('*.yaml', { cwd: folder }))
  for (const document of parseAllDocuments(await readFile(join(folder, file), 'utf8'))) {
    const object = document.toJS() as CronJob;
    if (object.kind === 'CronJob') jobs.push([file, object]);
  }

it('there is one for the poll and one for the token', () => {
  expect(jobs.map(([file]) => file).sort()).toEqual(['check-revision.yaml', 'rotate-token.yaml']);
});

describe.each(jobs)('%s', (file, { metadata, spec: { concurrencyPolicy, jobTemplate } }) => {
  const pod = jobTemplate.spec.template.spec;
  const [container] = pod.containers;
  const name = /\/([^/]+)\.mjs$/.exec(container?.command.at(-1) ?? '')?.[1];
  const spec: StepSpec | undefined = specs.find((each) => each.name === name);

  it('is installed with the listener', async () => {
    const { resources } = parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')) as {
      resources: string[];
    };
    expect(resources).toContain(file);
  });

  it("runs a step as that step's account, with parameters that it takes", async () => {
    if (!spec) throw new Error(`no step ${name}`);
    expect(metadata.name).toBe(accountName(spec));
    expect(pod.serviceAccountName).toBe(accountName(spec));
    const { values, problems } = await parseFlags(spec, container?.args ?? []);
    expect([...problems, ...convertParams(spec, values).problems]).toEqual([]);
  });

  it('mounts the Secrets that its parameters name, and what it mounts is there', () => {
    const mounts = container?.volumeMounts ?? [];
    const volumes = pod.volumes.map((volume) => volume.name);
    for (const mount of mounts) expect(volumes).toContain(mount.name);
    const folders = container?.args.flatMap((arg) => /-secret-dir=(.*)$/.exec(arg)?.[1] ?? []) ?? [];
    expect(folders).toHaveLength(Object.keys(spec?.secrets ?? {}).length);
    for (const secret of folders) expect(mounts.map(({ mountPath }) => mountPath)).toContain(secret);
  });

  it('labels its pods as Tekton does those of the Task, so that their logs are found', () => {
    const { 'app.kubernetes.io/version': _, ...labels } = labelsOf(spec);
    expect(jobTemplate.spec.template.metadata?.labels).toEqual(labels);
  });

  it('is confined as a Task is, ends by itself, and never runs beside itself', () => {
    expect(pod.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    });
    expect(jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThan(0);
    expect(concurrencyPolicy).toBe('Forbid');
  });
});

function labelsOf(spec: StepSpec | undefined): Readonly<Record<string, string>> {
  if (!spec) throw new Error('no such step');
  const task = describeTask(spec, '') as { metadata: { labels: Record<string, string> } };
  return task.metadata.labels;
}

it('the poll outlasts a Hub that never answers, for the deadline deletes its pod and so its log', () => {
  const poll = jobs.find(([file]) => file === 'check-revision.yaml')?.[1];
  const { idleMs, attempts, capMs } = defaultTimings;
  const patienceSeconds = (attempts * (idleMs + capMs)) / 1000;
  expect(poll?.spec.jobTemplate.spec.activeDeadlineSeconds).toBeGreaterThan(patienceSeconds);
});

it('the page for the morning after looks for the pods of the poll by a label that they have', async () => {
  const page = await readFile(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
  const [, name = '', value] = /^oc logs -l (app\.\S+)=(\S+)/m.exec(page) ?? [];
  const poll = jobs.find(([file]) => file === 'check-revision.yaml')?.[1];
  expect(poll?.spec.jobTemplate.spec.template.metadata?.labels[name]).toBe(value);
});
