package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.Peers;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.engine.AeronCommunicators;
import io.dunlin.collectives.engine.CommunicatorSettings;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.AeronSettings;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.TimeoutSettings;
import io.dunlin.launcher.report.Phase;
import io.dunlin.model.Model;
import io.dunlin.parallel.RunAgreement;
import io.dunlin.parallel.shard.DataParallelExchange;
import io.dunlin.parallel.shard.GradientBuckets;
import io.dunlin.train.GradientExchange;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/** What connects this rank with all others; nothing if it is alone. */
final class Links implements AutoCloseable {
    private static final Duration SLACK = Duration.ofSeconds(30);

    private final Optional<Communicator> communicator;

    private Links(Optional<Communicator> communicator) {
        this.communicator = communicator;
    }

    /** Opens streams to all ranks of the generation; returns when all have answered. */
    static Links open(LaunchSpec spec, Job job, AgentLink link, Orders orders) {
        link.enter(Phase.CONNECT);
        if (spec.ranks() == 1) {
            return new Links(Optional.empty());
        }
        Communicator communicator = AeronCommunicators.connect(
                new CommunicatorSettings(
                        spec.runId(),
                        Math.toIntExact(spec.generation()),
                        Group.world(spec.ranks()),
                        spec.rank(),
                        job.timeouts().rendezvous(),
                        longest(job.timeouts()).plus(SLACK)),
                new AeronSettings(
                        Path.of(spec.aeronDir()),
                        Math.toIntExact(spec.generation()),
                        spec.rank(),
                        spec.network().addresses(),
                        AeronProfile.STANDARD.withUdpFrameBytes(spec.network().datagramBytes())));
        orders.watch(communicator);
        return new Links(Optional.of(communicator));
    }

    /** The agent watches the phases and knows more; the limit of an operation is for an agent that does not. */
    private static Duration longest(TimeoutSettings timeouts) {
        return timeouts.firstStep().compareTo(timeouts.step()) > 0 ? timeouts.firstStep() : timeouts.step();
    }

    /** Those who save and restore together. */
    Peers peers() {
        return communicator.map(Peers::over).orElseGet(Peers::alone);
    }

    /** What is exchanged in each step. */
    GradientExchange exchange(Model model, Job job) {
        if (communicator.isEmpty()) {
            return GradientExchange.ALONE;
        }
        GradientBuckets buckets =
                GradientBuckets.of(model.flatElements(), (long) job.parallel().bucketMib() << 20);
        return job.run().deterministic()
                ? DataParallelExchange.deterministic(communicator.get(), buckets)
                : DataParallelExchange.fast(communicator.get(), buckets);
    }

    /** Fails on all ranks if they are about to train different things. */
    void requireAgreement(LaunchSpec spec) {
        communicator.ifPresent(one -> {
            SequencedMap<String, String> facts = new LinkedHashMap<>();
            facts.put("run", spec.runId());
            facts.put("generation", Long.toString(spec.generation()));
            facts.put("members", spec.memberHash());
            facts.put("job", spec.job());
            facts.put("data", spec.data().toString());
            facts.put("start", spec.start().toString());
            facts.put("java", Runtime.version().toString());
            RunAgreement.check(one, facts);
        });
    }

    @Override
    public void close() {
        communicator.ifPresent(Communicator::close);
    }
}
