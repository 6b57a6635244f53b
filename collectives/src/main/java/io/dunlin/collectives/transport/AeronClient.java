package io.dunlin.collectives.transport;

import io.aeron.Aeron;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.DriverTimeoutException;
import io.aeron.exceptions.TimeoutException;
import io.dunlin.collectives.CollectiveException;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.agrona.LangUtil;
import org.agrona.concurrent.AgentInvoker;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's connection to the media driver of its host, shared by all its transports: the last one to leave closes it.
 *
 * <p>The client has no thread of its own: {@link #maintain} drives it.
 */
public final class AeronClient {
    private static final Logger LOG = LoggerFactory.getLogger(AeronClient.class);

    private final Path directory;
    private final AeronProfile profile;
    private final String name;
    private final Aeron aeron;
    private final AgentInvoker conductor;
    private final AtomicReference<@Nullable Throwable> failure;
    private final AtomicInteger users = new AtomicInteger();

    private AeronClient(
            Path directory,
            AeronProfile profile,
            String name,
            Aeron aeron,
            AtomicReference<@Nullable Throwable> failure) {
        this.directory = directory;
        this.profile = profile;
        this.name = name;
        this.aeron = aeron;
        this.conductor = aeron.conductorAgentInvoker();
        this.failure = failure;
    }

    /**
     * Connects; the caller joins it.
     *
     * @param directory of the media driver
     * @param profile the same as the driver's
     * @param rank for names
     * @throws MachineException if no driver answers
     */
    public static AeronClient connect(Path directory, AeronProfile profile, int rank) {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        String name = "rank-" + rank;
        Aeron.Context context = new Aeron.Context()
                .aeronDirectoryName(directory.toString())
                .clientName(name)
                .useConductorAgentInvoker(true)
                .driverTimeoutMs(profile.driverLiveness().toMillis())
                .keepAliveIntervalNs(AeronProfile.TIMER_INTERVAL.toNanos())
                .preTouchMappedMemory(true)
                .errorHandler(error -> note(error, failure))
                .subscriberErrorHandler(LangUtil::rethrowUnchecked);
        try {
            return new AeronClient(directory, profile, name, Aeron.connect(context), failure);
        } catch (DriverTimeoutException e) {
            throw MachineException.noDriver(directory, e);
        }
    }

    /** Once the client has waited in vain for the driver, or the driver for it, nothing works any more. */
    private static void note(Throwable error, AtomicReference<@Nullable Throwable> failure) {
        if (error instanceof TimeoutException) {
            failure.compareAndSet(null, error);
        } else {
            LOG.warn("Aeron client: {}", error.toString());
        }
    }

    Aeron aeron() {
        return aeron;
    }

    /** Becomes a user. */
    public AeronClient join() {
        users.incrementAndGet();
        return this;
    }

    /** Stops using it; the last one closes it. */
    public void leave() {
        if (users.decrementAndGet() == 0) {
            try {
                aeron.close();
            } catch (AeronException e) {
                failure.compareAndSet(null, e); // the driver has gone first
            }
        }
    }

    /**
     * Does what the client has to do from time to time.
     *
     * @throws CollectiveException {@code DUN-706} if it has failed
     */
    void maintain() {
        conductor.invoke();
        Throwable cause = failure.get();
        if (cause != null || aeron.isClosed()) {
            throw CollectiveException.transportFailed(
                    "%s lost the Aeron media driver in %s%s"
                            .formatted(
                                    name.replace('-', ' '),
                                    directory,
                                    cause == null ? "" : ": " + String.valueOf(cause.getMessage())),
                    "the node agent ended, or this process or the agent stood still for longer than %d ms"
                            .formatted(profile.clientLiveness().toMillis()));
        }
    }
}
