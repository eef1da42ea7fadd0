import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { renderTask } from '../../tasks/render-task.ts';
import { example } from './example-spec.ts';

describe('renderTask', () => {
  it('gives the Task that the spec declares', () => {
    expect(renderTask(example, '1.2.3')).toMatchInlineSnapshot(`
      "# Generated from steps/count-words/spec.ts by \`npm run generate\`: change the spec, not this file.
      apiVersion: tekton.dev/v1
      kind: Task
      metadata:
        name: count-words
        labels:
          app.kubernetes.io/name: count-words
          app.kubernetes.io/part-of: llm-rollout
          app.kubernetes.io/version: 1.2.3
        annotations:
          tekton.dev/displayName: Count words
          tekton.dev/categories: AI
          tekton.dev/tags: llm, kserve, vllm, openshift-ai
          tekton.dev/pipelines.minVersion: 1.0.0
          tekton.dev/platforms: linux/amd64,linux/arm64
      spec:
        displayName: Count words
        description: Counts the words of a text.
        params:
          - name: text
            type: string
            description: Text to count in
          - name: mode
            type: string
            description: What counts (one of all, unique)
            default: all
          - name: at-most
            type: string
            description: Where to stop (at least 1, at most 100)
            default: "10"
          - name: ignore
            type: string
            description: Words to leave out (one a line)
            default: |-
              a
              the
          - name: word-secret
            type: string
            description: "Name of the Secret: who may count; may be absent"
            default: words
          - name: ca-configmap
            type: string
            description: ConfigMap with authorities to trust besides the usual ones, in *.crt or *.pem; may be absent
            default: trusted-ca
          - name: log-format
            type: string
            description: How the log is written (one of text, json)
            default: text
          - name: log-level
            type: string
            description: How much the log says (one of info, debug)
            default: info
        workspaces:
          - name: texts
            description: A volume with texts
            optional: true
            readOnly: true
            mountPath: /workspace/texts
        results:
          - name: count
            type: string
            description: Number of words
          - name: words
            type: array
            description: All of them
          - name: outcome
            type: string
            description: "ok, unchanged or superseded; of a failed run \`<failure>: <first line>\`"
        volumes:
          - name: tmp
            emptyDir: {}
          - name: trusted-ca
            configMap:
              name: $(params.ca-configmap)
              optional: true
          - name: word-secret
            secret:
              secretName: $(params.word-secret)
              optional: true
        steps:
          - name: count-words
            image: localhost/llm-rollout:1.2.3
            command:
              - node
              - --enable-source-maps
              - /opt/llm-rollout/count-words.mjs
            args:
              - --text=$(params.text)
              - --mode=$(params.mode)
              - --at-most=$(params.at-most)
              - --ignore=$(params.ignore)
              - --word-secret-dir=/var/run/llm-rollout/word-secret
              - --namespace=$(context.taskRun.namespace)
              - --task-run=$(context.taskRun.name)
              - --results-dir=/tekton/results
            env:
              - name: HOME
                value: /tekton/home
              - name: LLM_ROLLOUT_CA_DIR
                value: /etc/llm-rollout/ca
              - name: LOG_FORMAT
                value: $(params.log-format)
              - name: LOG_LEVEL
                value: $(params.log-level)
            computeResources:
              requests:
                cpu: 100m
                memory: 64Mi
              limits:
                memory: 128Mi
            securityContext:
              allowPrivilegeEscalation: false
              capabilities:
                drop:
                  - ALL
              readOnlyRootFilesystem: true
              runAsNonRoot: true
              seccompProfile:
                type: RuntimeDefault
            volumeMounts:
              - name: tmp
                mountPath: /tmp
              - name: trusted-ca
                mountPath: /etc/llm-rollout/ca
                readOnly: true
              - name: word-secret
                mountPath: /var/run/llm-rollout/word-secret
                readOnly: true
      "
    `);
  });

  it('writes every literal as a string, which is all that Tekton takes', () => {
    const task = parse(renderTask(example, '1.2.3')) as { spec: { params: { default?: unknown }[] } };
    for (const param of task.spec.params) expect(typeof (param.default ?? '')).toBe('string');
  });
});
