package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.Peers;
import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.Priority;
import io.dunlin.collectives.ReductionOrder;
import io.dunlin.collectives.Topology;
import io.dunlin.collectives.algorithm.AlgorithmTable;
import io.dunlin.collectives.engine.OperationListener;
import io.dunlin.collectives.engine.RankCommunicators;
import io.dunlin.collectives.engine.SoloCommunicator;
import io.dunlin.collectives.flight.FlightRecorder;
import io.dunlin.collectives.transport.AeronProfile;
import io.dunlin.collectives.transport.RankAddress;
import io.dunlin.device.cpu.MemorySource;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobOutline;
import io.dunlin.launcher.place.ComputeDevice;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunFolder;
import io.dunlin.launcher.report.Surroundings;
import io.dunlin.parallel.RunAgreement;
import io.dunlin.parallel.mesh.Mesh;
import io.dunlin.parallel.shard.MeshCommunicators;
import io.dunlin.parallel.shard.Sharding;
import io.dunlin.parallel.shard.Staging;
import io.dunlin.train.Accumulation;
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
    private final Mesh mesh;
    private final Topology topology;
    private final MeshCommunicators meshCommunicators;
    private final Optional<FlightRecorder> recorder;
    private final MemorySource shared;

    private Links(
            Optional<RankCommunicators> communicators,
            Place place,
            MeshCommunicators meshCommunicators,
            Optional<FlightRecorder> recorder,
            MemorySource shared) {
        this.communicators = communicators;
        this.topology = place.topology;
        this.mesh = place.mesh;
        this.meshCommunicators = meshCommunicators;
        this.recorder = recorder;
        this.shared = shared;
    }

    /** Where this rank is among all. */
    private record Place(Topology topology, Mesh mesh) {
        static Place of(LaunchSpec spec, Job job) {
            Topology topology = JobOutline.declaredTopology(job)
                    .orElseGet(() -> spec.ranks() == 1
                            ? Topology.oneHost(1)
                            : Topology.ofHosts(spec.network().addresses().stream()
                                    .map(RankAddress::host)
                                    .toList()));
            return new Place(topology, Mesh.of(job.parallel().shard(), topology, spec.rank()));
        }
    }

    /** Opens streams to all ranks of the generation; returns when all have answered. */
    static Links open(LaunchSpec spec, Job job, AgentLink link, Orders orders) {
        link.enter(Phase.CONNECT);
        Place place = Place.of(spec, job);
        Mesh mesh = place.mesh;
        if (spec.ranks() == 1) {
            MeshCommunicators alone = MeshCommunicators.open(
                    mesh, new SoloCommunicator(mesh.world()), (group, _) -> new SoloCommunicator(group));
            return new Links(Optional.empty(), place, alone, Optional.empty(), MemorySource.NONE);
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
                        table(job),
                        job.launch().networkBytesPerSecond(),
                        JobOutline.declaredTopology(job)),
                Path.of(spec.aeronDir()),
                spec.network().addresses(),
                AeronProfile.STANDARD.withUdpFrameBytes(spec.network().datagramBytes()),
                recorder.<OperationListener.Source>map(one -> one::follow).orElse(OperationListener.Source.NONE));
        try {
            MeshCommunicators.Opener opener = (group, priority) -> {
                orders.throwIfAborted(); // members of this group may be gone already: nobody waits for them
                Communicator opened = communicators.open(group, priority);
                orders.watch(opened);
                return opened;
            };
            Communicator world = opener.open(mesh.world(), Priority.GRADIENTS);
            MemorySource shared =
                    SharedTensors.of(communicators.memory(), spec.seat().here().size(), link);
            MeshCommunicators ofMesh =
                    MeshCommunicators.open(mesh, job.parallel().quantization(), world, opener);
            return new Links(Optional.of(communicators), place, ofMesh, recorder, shared);
        } catch (RuntimeException e) {
            communicators.close();
            throw e;
        }
    }

    /** Where ranks are, as far as sharding goes. */
    Topology topology() {
        return topology;
    }

    /** Counts what this rank sends in its steps. */
    SentBytes sentBytes() {
        return SentBytes.of(meshCommunicators);
    }

    /** Where this rank's device takes memory that others are to see. */
    MemorySource memory() {
        return shared;
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
        return communicators.isPresent() ? Peers.over(meshCommunicators.world()) : Peers.alone();
    }

    /** How the ranks share tensors and work. */
    Sharding sharding(Job job) {
        return new Sharding(
                mesh,
                meshCommunicators,
                new Sharding.Settings(
                        job.run().deterministic() ? Accumulation.TREE : Accumulation.RUNNING,
                        (long) job.parallel().bucketMib() << 20,
                        Staging.SLOTS,
                        patience(job),
                        job.parallel().quantization()));
    }

    /** Fails on all ranks if they are about to train different things, or on different kinds of devices. */
    void requireAgreement(LaunchSpec spec, ComputeDevice.Kind device) {
        communicators.ifPresent(_ -> {
            SequencedMap<String, String> facts = new LinkedHashMap<>();
            facts.put("run", spec.runId());
            facts.put("generation", Long.toString(spec.generation()));
            facts.put("members", spec.memberHash());
            facts.put("job", spec.job());
            facts.put("data", spec.data().toString());
            facts.put("start", spec.start().toString());
            facts.put("device", device.name().toLowerCase(Locale.ROOT));
            facts.put("java", Runtime.version().toString());
            RunAgreement.check(meshCommunicators.world(), facts);
        });
    }

    @Override
    public void close() {
        communicators.ifPresent(RankCommunicators::close);
        recorder.ifPresent(FlightRecorder::close);
    }
}
