package io.dunlin.launcher.agent;

import io.dunlin.launcher.report.Phase;
import io.dunlin.launcher.report.Report;
import io.dunlin.launcher.worker.Command;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** What the agent knows of one rank of the current generation; written by the agent's thread alone. */
final class RankWatch {
    private final int rank;
    private final RankHandle handle;

    private Phase phase = Phase.START;
    private long phaseSinceNs;
    private long lastWordNs;
    private long step;
    private boolean stepped;
    private boolean ready;
    private boolean killed;
    private Optional<Report.Failed> failed = Optional.empty();
    private Optional<Report.Done> done = Optional.empty();
    private Optional<RankExit> exit = Optional.empty();
    private Optional<String> frozen = Optional.empty();
    private List<String> frames = List.of();

    RankWatch(int rank, RankHandle handle, long nowNs) {
        this.rank = rank;
        this.handle = handle;
        this.phaseSinceNs = nowNs;
        this.lastWordNs = nowNs;
    }

    /** Takes note of a report. */
    void heard(Report report, long nowNs) {
        lastWordNs = nowNs;
        switch (report) {
            case Report.Entered(Phase entered) -> enter(entered, nowNs);
            case Report.Restored restored -> step = restored.step();
            case Report.Step completed -> {
                step = completed.step();
                stepped = true;
                enter(Phase.STEP, nowNs);
            }
            case Report.Saved _, Report.Evaluated _, Report.Sampled _ -> enter(Phase.STEP, nowNs);
            case Report.Failed said -> failed = Optional.of(said);
            case Report.Done said -> {
                done = Optional.of(said);
                enter(Phase.STOP, nowNs);
            }
            case Report.Where where -> frames = where.frames();
            case Report.Ready _, Report.Prepared _, Report.Committing _, Report.Notice _ -> {}
            case Report.Sent _, Report.Quantized _ -> {}
        }
    }

    private void enter(Phase next, long nowNs) {
        // The deadline of the rendezvous counts from the start of the process.
        if (next != Phase.CONNECT) {
            phaseSinceNs = nowNs;
        }
        phase = next;
    }

    /** It has joined the right generation. */
    void isReady() {
        ready = true;
    }

    /** The generation is live. */
    void go(long nowNs) {
        enter(Phase.LOAD, nowNs);
        send(new Command.Go());
    }

    void exited(RankExit how) {
        exit = Optional.of(how);
    }

    void send(Command command) {
        if (running()) {
            handle.send(command);
        }
    }

    void kill() {
        if (running()) {
            killed = true;
            handle.kill();
        }
    }

    /** Whether this rank failed: it said so, or it ended before it was done and nobody here had killed it. */
    boolean hasFailed() {
        return failed.isPresent() || (exit.isPresent() && done.isEmpty() && !killed);
    }

    /** Its failure as known now. */
    Failure failure(long noticedNs) {
        return new Failure(rank, noticedNs, noticedNs - lastWordNs, workingOn(), failed, exit, frozen);
    }

    /** Notes that it did not leave when told to. */
    void didNotReact() {
        frozen = Optional.of(handle.state());
    }

    /** Whether it was told to leave and did not. */
    boolean frozen() {
        return frozen.isPresent();
    }

    /** The step being worked on, from 1; 0 before training. */
    long workingOn() {
        return phase.compareTo(Phase.FIRST_STEP) < 0 ? 0 : step + 1;
    }

    int rank() {
        return rank;
    }

    /** For people: {@code rank 3 (pid 4711)}. */
    String name() {
        OptionalLong pid = handle.knownPid();
        return "rank %d (%s)".formatted(rank, pid.isPresent() ? "pid " + pid.getAsLong() : "not started");
    }

    RankHandle handle() {
        return handle;
    }

    Phase phase() {
        return phase;
    }

    long phaseSinceNs() {
        return phaseSinceNs;
    }

    long lastWordNs() {
        return lastWordNs;
    }

    /** Last complete step. */
    long step() {
        return step;
    }

    /** Whether a step of this generation is complete. */
    boolean stepped() {
        return stepped;
    }

    boolean ready() {
        return ready;
    }

    boolean running() {
        return exit.isEmpty();
    }

    boolean killed() {
        return killed;
    }

    Optional<Report.Done> done() {
        return done;
    }

    Optional<RankExit> exit() {
        return exit;
    }

    /** Innermost calls of the training thread, if the rank has answered a dump. */
    List<String> frames() {
        return frames;
    }
}
