package io.dunlin.launcher.cli;

import io.dunlin.collectives.Topology;
import io.dunlin.error.ExitCode;
import io.dunlin.launcher.job.Job;
import io.dunlin.launcher.job.JobOutline;
import io.dunlin.launcher.job.ResolvedJob;
import io.dunlin.launcher.place.Installation;
import io.dunlin.launcher.report.JsonLine;
import io.dunlin.parallel.mesh.ShardDegrees;
import io.dunlin.parallel.plan.Hardware;
import io.dunlin.parallel.plan.LayoutSearch;
import io.dunlin.parallel.plan.LayoutSearch.Candidate;
import io.dunlin.parallel.plan.LayoutSearch.Change;
import io.dunlin.parallel.plan.Plan;
import io.dunlin.parallel.plan.Planner;
import io.dunlin.parallel.plan.StepTime;
import io.dunlin.parallel.plan.Workload;
import io.dunlin.parallel.shard.Quantization;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code dunlin plan}: what a job will take, before anything is started. */
@Command(
        name = "plan",
        description =
                "Says what a job will take on a cluster: memory of a rank, bytes on each level of links, time of a step."
                        + " Nothing is started, and none of it has to be there.")
final class PlanCommand implements Callable<Integer> {
    private final Terminal terminal;

    @Parameters(paramLabel = "JOB", description = "Job file, or name of a recipe.")
    private String job = "";

    @Mixin
    private JobOptions options = new JobOptions();

    @Option(
            names = "--on",
            paramLabel = "HOSTSxRANKS[:DEVICE]",
            description =
                    "Where: 48x8:mi250x, or 2x2x2 for hosts, packages and ranks of each; devices: mi250x, a100, h100,"
                            + " v100. What the job says if absent.")
    private String on = "";

    @Option(
            names = "--memory",
            paramLabel = "GIB",
            defaultValue = "0",
            description = "Memory of a rank; that of the device if absent.")
    private double memoryGib;

    @Option(
            names = "--efficiency",
            paramLabel = "SHARE",
            defaultValue = "0.4",
            description = "Share of the device's peak that compute is assumed to reach; ${DEFAULT-VALUE} if absent.")
    private double efficiency;

    @Option(
            names = "--gflops",
            paramLabel = "N",
            defaultValue = "0",
            description = "What a rank computes in a second, where no device is named: dunlin bench step measures it.")
    private double gflops;

    @Option(
            names = "--search",
            description =
                    "Rank all ways to spread weights, gradients and optimizer, exact and with quantised messages.")
    private boolean search;

    @Option(names = "--json", paramLabel = "FILE", defaultValue = "", description = "Write the result there as well.")
    private Path json = Path.of("");

    PlanCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    /**
     * What {@code --json} writes.
     *
     * @param ranks of the job
     * @param hosts they are on
     * @param device that figures are of; empty if not named
     * @param efficiency share of its peak that is assumed
     * @param parameters of the model
     * @param tokensPerStep of all ranks
     * @param limitBytes memory of a rank; 0 if not known
     * @param checkpointBytes of one checkpoint
     * @param layouts the planned one, or all by rank
     */
    private record Report(
            int ranks,
            int hosts,
            String device,
            double efficiency,
            long parameters,
            long tokensPerStep,
            long limitBytes,
            long checkpointBytes,
            List<Layout> layouts) {}

    /**
     * One layout of the file.
     *
     * @param shard the word for it
     * @param fits whether memory suffices
     * @param memoryBytes of a rank
     * @param overlappedSeconds of a step, the least; absent without a device
     * @param oneByOneSeconds of a step, the most; absent without a device
     * @param candidate all figures
     */
    private record Layout(
            String shard,
            boolean fits,
            long memoryBytes,
            Optional<Double> overlappedSeconds,
            Optional<Double> oneByOneSeconds,
            Candidate candidate) {
        static Layout of(Candidate candidate) {
            Plan plan = candidate.plan();
            return new Layout(
                    plan.degrees().label(),
                    candidate.excess().isEmpty(),
                    plan.memory().total(),
                    plan.time().map(StepTime::withFullOverlap),
                    plan.time().map(StepTime::withoutOverlap),
                    candidate);
        }
    }

    @Override
    public Integer call() {
        requireSense();
        file().ifPresent(OutputFile::requireWritable);
        PlanSite site = PlanSite.parse(on);
        ResolvedJob resolved = options.load(job, Installation.current(), site.overrides());
        Topology topology = JobOutline.topology(resolved.job());
        if (gflops > 0) {
            double network = resolved.job().launch().networkBytesPerSecond();
            site = site.with(Hardware.measured(gflops * 1e9, network));
        }
        Planner planner = new Planner(topology, site.hardware(), gflops > 0 ? 1 : efficiency);
        Workload workload = JobOutline.workload(resolved.job());
        LayoutSearch layouts = new LayoutSearch(planner, limitBytes(site.hardware()));
        PlanScreen screen = new PlanScreen(terminal, site, layouts, workload);
        screen.head(resolved.job());
        List<Candidate> found = search
                ? screen.ranking(layouts.all(workload, messages(resolved.job())))
                : List.of(single(screen, layouts, workload, resolved.job()));
        write(topology, layouts, workload, found);
        boolean fits = found.stream().anyMatch(candidate -> candidate.excess().isEmpty());
        return (fits ? ExitCode.DONE : ExitCode.ENVIRONMENT).number();
    }

    /** The most that a search tries, in messages made as the job says. */
    private static Quantization messages(Job job) {
        Quantization most = Quantization.ZERO_PLUS_PLUS;
        return job.run().deterministic()
                ? Quantization.NONE
                : job.parallel().quantization().bits(most.weights(), most.gradients(), most.refresh());
    }

    private static Candidate single(PlanScreen screen, LayoutSearch layouts, Workload workload, Job job) {
        ShardDegrees degrees = job.parallel().shard();
        Plan plan = layouts.planner().plan(workload, degrees, JobOutline.wires(job));
        Candidate candidate = layouts.candidate(plan, job.parallel().quantization());
        screen.plan(candidate);
        if (candidate.excess().isPresent()) {
            List<Change> changes = layouts.leaving(plan.memory().carried()).changes(workload, degrees);
            screen.refusal(candidate, changes);
        }
        screen.comparison();
        return candidate;
    }

    private void requireSense() {
        if (!(memoryGib >= 0)) {
            throw new CliException("DUN-100", "--memory expects a number of GiB, found " + memoryGib, "--memory 64");
        }
        if (!(efficiency > 0 && efficiency <= 1)) {
            throw new CliException(
                    "DUN-100",
                    "--efficiency expects a share of the peak, above 0 and up to 1, found " + efficiency,
                    "--efficiency 0.4");
        }
        if (!(gflops >= 0)) {
            throw new CliException("DUN-100", "--gflops expects a positive number, found " + gflops, "--gflops 50");
        }
        if (gflops > 0 && on.contains(":")) {
            throw new CliException(
                    "DUN-100", "--gflops and a device after --on cannot both be given", "--on 2x4 --gflops 50");
        }
    }

    private long limitBytes(Optional<Hardware> hardware) {
        if (memoryGib > 0) {
            return (long) (memoryGib * (1L << 30));
        }
        return hardware.map(Hardware::memoryBytes).orElse(Long.MAX_VALUE);
    }

    private void write(Topology topology, LayoutSearch layouts, Workload workload, List<Candidate> found) {
        Report report = new Report(
                topology.size(),
                topology.hosts(),
                layouts.planner().hardware().map(Hardware::name).orElse(""),
                layouts.planner().efficiency(),
                workload.model().config().parameterCount(),
                workload.batch().tokensPerStep(),
                layouts.limitBytes() == Long.MAX_VALUE ? 0 : layouts.limitBytes(),
                workload.checkpointBytes(),
                found.stream().map(Layout::of).toList());
        file().ifPresent(file -> file.write(path -> Files.writeString(path, JsonLine.pretty(report))));
    }

    private Optional<OutputFile> file() {
        return json.toString().isEmpty() ? Optional.empty() : Optional.of(new OutputFile("--json", json));
    }
}
