package io.dunlin.launcher.agent;

import io.dunlin.launcher.agent.HostOrder.RankId;
import io.dunlin.launcher.worker.Command;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;
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
    private final HostLink.Settings link;
    private final Consumer<HostOrder> orders;
    private final CompletableFuture<Long> pid = new CompletableFuture<>();
    private volatile CompletableFuture<String> state = new CompletableFuture<>();
    private volatile boolean ended;

    /**
     * A rank that was asked for.
     *
     * @param link to its host, whose deadline is also that of the start of its process
     * @param orders to its host
     */
    FarRank(RankId id, HostLink.Settings link, Consumer<HostOrder> orders) {
        this.id = id;
        this.link = link;
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
        return link.host();
    }

    @Override
    public long pid() {
        try {
            return pid.orTimeout(link.deadline().toNanos(), TimeUnit.NANOSECONDS)
                    .join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof LaunchException known
                    ? known
                    : LaunchException.hostSilent(link.host(), link.deadline(), link.log());
        }
    }

    @Override
    public OptionalLong knownPid() {
        long known = pid.isCompletedExceptionally() ? UNKNOWN_PID : pid.getNow(UNKNOWN_PID);
        return known == UNKNOWN_PID ? OptionalLong.empty() : OptionalLong.of(known);
    }

    @Override
    public Path log() {
        return link.folder().log(id.rank());
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
            return "unknown: host " + link.host() + " does not answer";
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }
}
