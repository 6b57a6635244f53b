package io.dunlin.launcher.agent;

import io.dunlin.launcher.agent.HostOrder.RankId;
import io.dunlin.launcher.worker.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** A rank on another host, reached through that host's {@link FarHost}. */
final class FarRank implements RankHandle {
    private static final Duration ANSWER = Duration.ofSeconds(1);
    private static final long UNKNOWN_PID = 0;

    private final RankId id;
    private final String host;
    private final Path log;
    private final Duration startLimit;
    private final Consumer<HostOrder> orders;
    private final CompletableFuture<Long> pid = new CompletableFuture<>();
    private volatile CompletableFuture<String> state = new CompletableFuture<>();
    private volatile boolean ended;

    /**
     * A rank that was asked for.
     *
     * @param log its standard error
     * @param startLimit until its process must have started
     * @param orders to its host
     */
    FarRank(RankId id, String host, Path log, Duration startLimit, Consumer<HostOrder> orders) {
        this.id = id;
        this.host = host;
        this.log = log;
        this.startLimit = startLimit;
        this.orders = orders;
    }

    RankId id() {
        return id;
    }

    void started(long itsPid) {
        pid.complete(itsPid);
    }

    void notStarted(LaunchException why) {
        pid.completeExceptionally(why);
    }

    void ended() {
        ended = true;
        pid.complete(UNKNOWN_PID);
        state.complete("ended");
    }

    void inState(String text) {
        state.complete(text);
    }

    @Override
    public String host() {
        return host;
    }

    @Override
    public long pid() {
        try {
            return pid.orTimeout(startLimit.toNanos(), TimeUnit.NANOSECONDS).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LaunchException known
                    ? known
                    : LaunchException.hostSilent(host, startLimit, log);
        }
    }

    @Override
    public Path log() {
        return log;
    }

    @Override
    public void send(Command command) {
        orders.accept(new HostOrder.Tell(id, command));
    }

    @Override
    public void kill() {
        orders.accept(new HostOrder.Kill(id));
    }

    @Override
    public String state() {
        if (ended) {
            return "ended";
        }
        CompletableFuture<String> answer = new CompletableFuture<>();
        state = answer;
        orders.accept(new HostOrder.Look(id));
        try {
            return answer.get(ANSWER.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return "unknown: host " + host + " does not answer";
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
