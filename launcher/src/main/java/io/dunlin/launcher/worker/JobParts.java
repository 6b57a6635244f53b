package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.CheckpointPolicy;
import io.dunlin.checkpoint.ModelFacts;
import io.dunlin.checkpoint.Retention;
import io.dunlin.launcher.job.CheckpointSettings;
import io.dunlin.launcher.job.Interval;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.OptimizerSettings;
import io.dunlin.optim.AdamW;
import io.dunlin.optim.LearningRate;
import java.util.HashMap;
import java.util.Map;

/** Settings of a job, as the modules below take them. */
final class JobParts {
    private JobParts() {}

    static AdamW.Settings adamW(OptimizerSettings settings) {
        return new AdamW.Settings(
                settings.betas().get(0), settings.betas().get(1), settings.epsilon(), settings.weightDecay());
    }

    static LearningRate learningRate(Job job) {
        OptimizerSettings settings = job.optimizer();
        long warmup = settings.schedule().warmup();
        return switch (settings.schedule().kind()) {
            case CONSTANT -> new LearningRate.Constant(settings.lr(), warmup);
            case COSINE ->
                new LearningRate.Cosine(
                        settings.lr(),
                        warmup,
                        job.train().steps(),
                        settings.schedule().finalShare());
        };
    }

    static CheckpointPolicy checkpoints(CheckpointSettings settings) {
        Retention retention = new Retention(settings.keepLast(), settings.keepEvery(), settings.keepBest() ? 1 : 0);
        return new CheckpointPolicy(
                switch (settings.interval()) {
                    case Interval.Never _ -> new CheckpointPolicy.AtTheEnd();
                    case Interval.Steps(long steps) -> new CheckpointPolicy.Steps(steps);
                    case Interval.Every(var time) -> new CheckpointPolicy.Every(time);
                },
                retention);
    }

    /** What is worth knowing about a checkpoint without its run. */
    static Map<String, String> facts(Job job) {
        Map<String, String> facts = new HashMap<>(ModelFacts.of(job.model().config()));
        facts.put("data.tokenizer", job.data().tokenizer());
        facts.put("run.seed", Long.toString(job.run().seed()));
        return facts;
    }
}
