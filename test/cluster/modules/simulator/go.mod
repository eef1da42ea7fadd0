module llm-rollout/test/cluster/simulator

go 1.26.0
