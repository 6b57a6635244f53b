package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.Peers;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Group;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.device.cpu.MemorySource;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.Surroundings;
import io.dunlin.model.Model;
import io.dunlin.parallel.RunAgreement;
import io.dunlin.parallel.shard.DataParallelExchange;
import io.dunlin.parallel.shard.GradientBuckets;
import io.dunlin.parallel.shard.Staging;
import io.dunlin.train.GradientExchange;
import io.dunlin.train.StepListener;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;

/** What connects this rank with all others; nothing if it is alone. */
final class Links implements AutoCloseable {
    private static final Duration SLACK = Duration.ofSeconds(30);

    private final Optional<RankCommunicators> communicators;
    private final Optional<Communicator> communicator; // of all ranks
    private final Optional<FlightRecorder> recorder;
    private final MemorySource gradients;

    private Links(
            Optional<RankCommunicators> communicators,
            Optional<Communicator> communicator,
            Optional<FlightRecorder> recorder,
            MemorySource gradients) {
        this.communicators = communicators;
        this.communicator = communicator;
        this.recorder = recorder;
        this.gradients = gradients;
    }

    /** Opens streams to all ranks of the generation; returns when all have answered. */
    static Links open(LaunchSpec spec, Job job, AgentLink link, Orders orders) {
        link.enter(Phase.CONNECT);
        if (spec.ranks() == 1) {
            return new Links(Optional.empty(), Optional.empty(), Optional.empty(), MemorySource.NONE);
        }
        Optional<FlightRecorder> recorder = recorder(spec, job, link);
        RankCommunicators communicators = RankCommunicators.overAeron(
                new RankCommunicators.World(
                        spec.runId(),
                        Math.toIntExact(spec.generation()),
                        spec.rank(),
                        spec.ranks(),
                        job.timeouts().rendezvous(),
                        patience(job),
                        ReductionOrder.FASTEST,
                        table(job)),
                Path.of(spec.aeronDir()),
                spec.network().addresses(),
                AeronProfile.STANDARD.withUdpFrameBytes(spec.network().datagramBytes()),
                recorder.<OperationListener.Source>map(one -> one::follow).orElse(OperationListener.Source.NONE));
        try {
            Communicator world = communicators.open(Group.world(spec.ranks()), Priority.GRADIENTS);
            orders.watch(world);
            MemorySource gradients = SharedGradients.of(
                    communicators.memory(), spec.seat().here().size(), link);
            return new Links(Optional.of(communicators), Optional.of(world), recorder, gradients);
        } catch (RuntimeException e) {
            communicators.close();
            throw e;
        }
    }

    /** Where this rank's device takes memory that others are to see. */
    MemorySource memory() {
        return gradients;
    }

    /** Training can do without it: where it cannot be had, a notice says so. */
    private static Optional<FlightRecorder> recorder(LaunchSpec spec, Job job, AgentLink link) {
        if (job.observe().flightOperations() == 0) {
            return Optional.empty();
        }
        Path file = new RunFolder(spec.runFolder())
                .flights(spec.generation())
                .resolve(FlightRecorder.fileName(spec.rank()));
        try {
            FlightRecorder recorder = FlightRecorder.create(
                    file,
                    new FlightRecorder.Identity(
                            spec.rank(),
                            spec.ranks(),
                            spec.generation(),
                            Surroundings.hostName(),
                            ProcessHandle.current().pid()),
                    job.observe().flightOperations(),
                    System::nanoTime,
                    InstantSource.system());
            recorder.iteration(0);
            return Optional.of(recorder);
        } catch (UncheckedIOException e) {
            link.report(new Report.Notice(
                    Report.Level.WARNING,
                    "",
                    "no flight recorder: %s: %s".formatted(file, String.valueOf(e.getCause()))));
            return Optional.empty();
        }
    }

    /** Tells the recorder which step it is. */
    StepListener iterations() {
        return (state, result) -> recorder.ifPresent(one -> one.iteration(result.step() + 1));
    }

    /**
     * How long anything that a step waits for may take. The agent watches the phases and knows more; this is for an agent
     * that does not.
     */
    static Duration patience(Job job) {
        return job.timeouts().longestStep().plus(SLACK);
    }

    /** How algorithms are chosen: alike on all ranks, because the job is. */
    private static AlgorithmTable table(Job job) {
        String table = job.launch().algorithms();
        return table.isEmpty() ? AlgorithmTable.EMPTY : AlgorithmTable.read(Path.of(table));
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
        Staging staging = Staging.of(model.device(), model.stream(), patience(job));
        return job.run().deterministic()
                ? DataParallelExchange.deterministic(communicator.get(), buckets, staging)
                : DataParallelExchange.fast(communicator.get(), buckets, staging);
    }

    /** Fails on all ranks if they are about to train different things, or on different kinds of devices. */
    void requireAgreement(LaunchSpec spec, ComputeDevice.Kind device) {
        communicator.ifPresent(one -> {
            SequencedMap<String, String> facts = new LinkedHashMap<>();
            facts.put("run", spec.runId());
            facts.put("generation", Long.toString(spec.generation()));
            facts.put("members", spec.memberHash());
            facts.put("job", spec.job());
            facts.put("data", spec.data().toString());
            facts.put("start", spec.start().toString());
            facts.put("device", device.name().toLowerCase(Locale.ROOT));
            facts.put("java", Runtime.version().toString());
            RunAgreement.check(one, facts);
        });
    }

    @Override
    public void close() {
        communicators.ifPresent(RankCommunicators::close);
        recorder.ifPresent(FlightRecorder::close);
    }
}
