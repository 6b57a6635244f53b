package io.dunlin.launcher.agent;

import io.dunlin.launcher.place.Placement;
import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.report.RunEvent;
import io.dunlin.launcher.worker.Command;
import io.dunlin.launcher.worker.LaunchSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.function.Predicate;

/** Ranks, time, generations and checkpoints of the imagination: a whole run in microseconds, the same each time. */
final class Simulation implements Timeline, RankLauncher, GenerationRegistry {
    private record Due(long atNs, long order, Runnable action) {}

    private final PriorityQueue<Due> due =
            new PriorityQueue<>(Comparator.comparingLong(Due::atNs).thenComparingLong(Due::order));
    private final List<AgentEvent> queue = new ArrayList<>();
    private final Map<Integer, String> acknowledged = new HashMap<>();
    private final int ranks;
    private long nowNs;
    private long order;
    private long generation;
    private long endNs = Duration.ofHours(1).toNanos();

    final List<RunEvent> told = new ArrayList<>();
    final List<FakeRank> started = new ArrayList<>();
    Behaviour behaviour = FakeRank::train;
    Predicate<LaunchSpec> refused = spec -> false;
    long savedStep;
    int stepsToDo = 5;
    int saveEvery = 2;

    /** What a rank does when it has read its specification. */
    interface Behaviour {
        void start(FakeRank rank);
    }

    Simulation(int ranks) {
        this.ranks = ranks;
    }

    Supervisor supervisor(int restarts, Duration backOff) {
        Deadlines deadlines = new Deadlines(
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                Duration.ofSeconds(10),
                3,
                Duration.ofSeconds(20),
                Duration.ofSeconds(5));
        LaunchSpec spec = new LaunchSpec(
                "run",
                Path.of("/runs/run"),
                "",
                0,
                ranks,
                0,
                "",
                "/dev/shm/x",
                LaunchSpec.Network.NONE,
                1,
                LaunchSpec.DataFiles.NONE,
                LaunchSpec.Start.SCRATCH);
        return new Supervisor(
                new GenerationRun.Context(this, this, this, (at, event) -> told.add(event), deadlines),
                new Supervisor.Assignment(spec, Placement.onOneHost("h", ranks, 2, 0)),
                new RestartPolicy(restarts, backOff),
                () -> savedStep,
                0);
    }

    /** Does something later. */
    void in(Duration delay, Runnable action) {
        due.add(new Due(nowNs + delay.toNanos(), order++, action));
    }

    void ask(AgentEvent.Ask what) {
        queue.add(new AgentEvent.Asked(what, "test"));
    }

    <T extends RunEvent> List<T> told(Class<T> type) {
        return told.stream().filter(type::isInstance).map(type::cast).toList();
    }

    List<FakeRank> ofGeneration(long number) {
        return started.stream().filter(rank -> rank.spec.generation() == number).toList();
    }

    @Override
    public long nowNs() {
        return nowNs;
    }

    @Override
    public Instant now() {
        return Instant.EPOCH.plusNanos(nowNs);
    }

    @Override
    public Optional<AgentEvent> next(long deadlineNs) {
        while (queue.isEmpty() && !due.isEmpty() && due.peek().atNs() <= deadlineNs) {
            Due next = due.remove();
            nowNs = Math.max(nowNs, next.atNs());
            next.action().run();
        }
        if (!queue.isEmpty()) {
            return Optional.of(queue.removeFirst());
        }
        nowNs = Math.max(nowNs, deadlineNs);
        if (nowNs > endNs) {
            throw new AssertionError("the run never ends; told " + told);
        }
        return Optional.empty();
    }

    @Override
    public RankHandle start(LaunchSpec spec) {
        if (refused.test(spec)) {
            throw LaunchException.hostSilent("h", Duration.ofSeconds(60), Path.of("log/host-h.log"));
        }
        FakeRank rank = new FakeRank(spec);
        started.add(rank);
        in(Duration.ofMillis(300), () -> behaviour.start(rank));
        return rank;
    }

    @Override
    public long open(int size) {
        acknowledged.clear();
        return ++generation;
    }

    @Override
    public void acknowledge(long of, int rank, String memberHash) {
        if (of == generation) {
            acknowledged.put(rank, memberHash);
        }
    }

    @Override
    public boolean live(long number) {
        return number == generation
                && acknowledged.size() == ranks
                && acknowledged.values().stream().distinct().count() == 1;
    }

    /** A rank process that follows a script. */
    final class FakeRank implements RankHandle {
        final LaunchSpec spec;
        final List<Command> commands = new ArrayList<>();
        boolean running = true;
        boolean killed;
        /** Neither acts nor answers. */
        boolean deaf;
        /** Answers, but does not get on. */
        boolean stuck;
        /** Says that it is done, and stays. */
        boolean lingers;

        boolean stopping;
        long step;
        private long begun;
        /** Called before each step. */
        Behaviour beforeStep = rank -> {};

        FakeRank(LaunchSpec spec) {
            this.spec = spec;
        }

        /** Starts as a rank should, and waits for Go. */
        void train() {
            say(new Report.Entered(Phase.CONNECT));
            say(new Report.Ready(spec.generation(), spec.memberHash()));
        }

        void say(Report report) {
            if (running) {
                queue.add(new AgentEvent.Reported(spec.generation(), spec.rank(), report));
            }
        }

        void exit(int status) {
            if (running) {
                running = false;
                queue.add(new AgentEvent.Exited(spec.generation(), spec.rank(), new RankExit(status)));
            }
        }

        void fail(int exitCode, Report.Cause cause) {
            say(new Report.Failed("DUN-5", "broken", "mend it", exitCode, step, cause, ""));
            in(Duration.ofMillis(50), () -> exit(exitCode));
        }

        private void load() {
            say(new Report.Entered(Phase.LOAD));
            step = spec.start().kind() == LaunchSpec.Kind.SCRATCH ? 0 : savedStep;
            if (step > 0) {
                say(new Report.Restored(step, "ckpt", 1, 1, List.of()));
            }
            in(Duration.ofMillis(200), () -> {
                say(new Report.Entered(Phase.FIRST_STEP));
                in(Duration.ofMillis(450), this::step);
            });
        }

        private void step() {
            if (!running) {
                return;
            }
            beforeStep.start(this);
            if (running && !deaf && !stuck) {
                begun = step + 1;
                in(Duration.ofMillis(50), this::finishStep);
            }
        }

        /** As with a collective: only when all ranks are in it. */
        private void finishStep() {
            if (!running || deaf) {
                return;
            }
            if (ofGeneration(spec.generation()).stream().anyMatch(peer -> !peer.running || peer.begun < begun)) {
                in(Duration.ofMillis(50), this::finishStep);
                return;
            }
            step++;
            say(new Report.Step(step, stepsToDo, 4, 1, 1e-3, true, 64, 64 * step, 1, 1, 1, 1));
            if (step % saveEvery == 0 || stopping) {
                savedStep = Math.max(savedStep, step);
                say(new Report.Saved(step, "ckpt", 1, 1));
            }
            if (stopping || step == stepsToDo) {
                say(new Report.Done(step, stopping ? Report.End.STOPPED : Report.End.FINISHED));
                if (!lingers) {
                    in(Duration.ofMillis(20), () -> exit(stopping ? 75 : 0));
                }
            } else {
                in(Duration.ofMillis(100), this::step);
            }
        }

        @Override
        public long pid() {
            return 1000 + started.indexOf(this);
        }

        @Override
        public Path log() {
            return Path.of("log/rank-%05d.log".formatted(spec.rank()));
        }

        @Override
        public void send(Command command) {
            commands.add(command);
            if (deaf) {
                return;
            }
            switch (command) {
                case Command.Go _ -> load();
                case Command.Stop _ -> stopping = true;
                case Command.Abort _ -> in(Duration.ofMillis(100), () -> fail(10, Report.Cause.PEER));
                case Command.Dump _ -> say(new Report.Where(List.of("a.B.c(B.java:7)")));
                case Command.Save _, Command.Commit _ -> {}
            }
        }

        @Override
        public void kill() {
            killed = true;
            in(Duration.ofMillis(1), () -> exit(137));
        }

        @Override
        public String state() {
            return running ? "running" : "ended";
        }
    }
}
