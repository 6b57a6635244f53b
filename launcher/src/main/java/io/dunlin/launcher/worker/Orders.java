package io.dunlin.launcher.worker;

import io.dunlin.checkpoint.CommitPermit;
import io.dunlin.collectives.CollectiveException;
import io.dunlin.collectives.Communicator;
import io.dunlin.launcher.report.Report;
import io.dunlin.train.StepRequest;
import io.dunlin.train.TrainState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Carries out what the agent commands: called by the link's thread, waited upon by the thread that trains. */
final class Orders implements Consumer<Command>, CommitPermit {
    private static final Logger LOG = LoggerFactory.getLogger(Orders.class);
    private static final int SHOWN_FRAMES = 12;

    private final AgentLink link;
    private final TrainState state;
    private final Thread trainer;
    private final Duration patience;
    private final CountDownLatch go = new CountDownLatch(1);
    private final BlockingQueue<Command.Commit> commits = new LinkedBlockingQueue<>();
    private volatile Optional<CollectiveException> aborted = Optional.empty();
    private final List<Communicator> communicators = new CopyOnWriteArrayList<>();

    /**
     * Binds orders to a rank.
     *
     * @param trainer thread whose stack answers a dump
     * @param patience longest wait for an answer of the agent
     */
    Orders(AgentLink link, TrainState state, Thread trainer, Duration patience) {
        this.link = link;
        this.state = state;
        this.trainer = trainer;
        this.patience = patience;
    }

    @Override
    public void accept(Command command) {
        switch (command) {
            case Command.Go _ -> go.countDown();
            case Command.Stop _ -> state.request(StepRequest.STOP);
            case Command.Save _ -> state.request(StepRequest.SAVE);
            case Command.Commit commit -> commits.add(commit);
            case Command.Abort(String cause) -> abort(CollectiveException.aborted(cause));
            case Command.Dump _ -> dump();
        }
    }

    /** From now on an order to abort fails this communicator too. */
    void watch(Communicator opened) {
        communicators.add(opened);
        aborted.ifPresent(opened::abort);
    }

    private void abort(CollectiveException cause) {
        aborted = Optional.of(cause);
        communicators.forEach(one -> one.abort(cause));
        go.countDown();
        // A rank that is not in a collective, or never will be, learns of it here.
        trainer.interrupt();
    }

    /** Whether this rank was told to give up. */
    boolean wasAborted() {
        return aborted.isPresent();
    }

    /** Waits until the generation is live. */
    void awaitGo(int rank) {
        try {
            if (!go.await(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw WorkerException.notStarted(rank, patience.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        throwIfAborted();
    }

    /** Ends this rank if it was told to give up. */
    void throwIfAborted() {
        aborted.ifPresent(cause -> {
            throw cause;
        });
    }

    @Override
    public void require(long generation, long step) {
        link.report(new Report.Committing(generation, step));
        long deadlineNs = System.nanoTime() + patience.toNanos();
        try {
            while (true) {
                Command.Commit answer = commits.poll(deadlineNs - System.nanoTime(), TimeUnit.NANOSECONDS);
                if (answer == null) {
                    throw WorkerException.notPermitted(generation, step);
                }
                if (answer.generation() == generation && answer.step() == step) {
                    return;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throwIfAborted();
            throw WorkerException.notPermitted(generation, step);
        }
    }

    private void dump() {
        StringBuilder text = new StringBuilder("threads of this rank:\n");
        for (Map.Entry<Thread, StackTraceElement[]> entry :
                Thread.getAllStackTraces().entrySet()) {
            Thread thread = entry.getKey();
            text.append("\"%s\" %s%n".formatted(thread.getName(), thread.getState()));
            for (StackTraceElement frame : entry.getValue()) {
                text.append("    at ").append(frame).append('\n');
            }
        }
        LOG.warn("{}", text);
        List<String> frames = new ArrayList<>();
        for (StackTraceElement frame : trainer.getStackTrace()) {
            if (frames.size() < SHOWN_FRAMES) {
                frames.add(shortened(frame));
            }
        }
        link.report(new Report.Where(frames));
    }

    private static String shortened(StackTraceElement frame) {
        String type = frame.getClassName();
        return "%s.%s(%s:%d)"
                .formatted(
                        type.substring(type.lastIndexOf('.') + 1),
                        frame.getMethodName(),
                        frame.getFileName(),
                        frame.getLineNumber());
    }
}
