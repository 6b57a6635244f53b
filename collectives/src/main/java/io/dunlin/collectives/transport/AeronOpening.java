package io.dunlin.collectives.transport;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Subscription;
import io.aeron.exceptions.AeronException;
import io.aeron.exceptions.DriverTimeoutException;
import io.aeron.exceptions.RegistrationException;
import java.time.Duration;
import java.util.Optional;
import org.agrona.CloseHelper;
import org.jspecify.annotations.Nullable;

/**
 * A lane that the driver has been asked to open. All lanes of a transport are asked for before the first answer is waited for:
 * on a machine with much to do every answer takes its time.
 */
final class AeronOpening {
    private final Aeron aeron;
    private final AeronChannels channels;
    private final int peer;
    private final Lane lane;
    private final long subscriptionId;
    private final long publicationId;
    private @Nullable Subscription subscription;
    private @Nullable ExclusivePublication publication;

    private AeronOpening(
            Aeron aeron, AeronChannels channels, int peer, Lane lane, long subscriptionId, long publicationId) {
        this.aeron = aeron;
        this.channels = channels;
        this.peer = peer;
        this.lane = lane;
        this.subscriptionId = subscriptionId;
        this.publicationId = publicationId;
    }

    /**
     * Asks for both directions.
     *
     * @throws MachineException {@code DUN-407} if the client has given up
     */
    static AeronOpening ask(Aeron aeron, AeronChannels channels, int peer, Lane lane, int streamId) {
        try {
            long subscriptionId = aeron.asyncAddSubscription(channels.from(peer, lane), streamId);
            try {
                long publicationId = aeron.asyncAddExclusivePublication(channels.to(peer, lane), streamId);
                return new AeronOpening(aeron, channels, peer, lane, subscriptionId, publicationId);
            } catch (AeronException e) {
                aeron.asyncRemoveSubscription(subscriptionId);
                throw e;
            }
        } catch (AeronException e) {
            throw MachineException.noDriver(aeron.context().aeronDirectory().toPath(), e);
        }
    }

    /** {@code DUN-407}: the driver lives and did not answer. */
    MachineException unanswered(Duration waited) {
        return MachineException.noDriver(
                aeron.context().aeronDirectory().toPath(),
                new DriverTimeoutException("%s not opened after %d ms"
                        .formatted(
                                subscription == null ? channels.from(peer, lane) : channels.to(peer, lane),
                                waited.toMillis())));
    }

    /**
     * The lane, once the driver has answered.
     *
     * @throws MachineException if the driver refuses, or there is none any more
     */
    Optional<AeronStream> poll() {
        try {
            if (subscription == null) {
                subscription = aeron.getSubscription(subscriptionId);
            }
            if (publication == null) {
                publication = aeron.getExclusivePublication(publicationId);
            }
        } catch (RegistrationException e) {
            throw MachineException.noStream(
                    subscription == null ? channels.from(peer, lane) : channels.to(peer, lane), e);
        } catch (AeronException e) { // no sign of life of the driver, or the client has given up
            throw MachineException.noDriver(aeron.context().aeronDirectory().toPath(), e);
        }
        return subscription == null || publication == null
                ? Optional.empty()
                : Optional.of(new AeronStream(peer, lane, channels.sessionFrom(peer, lane), subscription, publication));
    }

    /** Takes both directions back, wherever they are by now. */
    void cancel() {
        CloseHelper.quietClose(() -> aeron.asyncRemoveSubscription(subscriptionId));
        CloseHelper.quietClose(() -> aeron.asyncRemovePublication(publicationId));
    }
}
