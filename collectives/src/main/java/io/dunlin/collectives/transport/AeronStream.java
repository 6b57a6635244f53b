package io.dunlin.collectives.transport;

import io.aeron.AeronCounters;
import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.Header;
import io.dunlin.collectives.CollectiveException;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.status.CountersReader;
import org.jspecify.annotations.Nullable;

/**
 * One lane between this member and one peer, in both directions.
 *
 * <p>The driver gives up the image of a peer whose host was silent for too long, and makes another when it is heard again.
 * The stream goes on where its position is still the same; where it is not, frames were lost in between.
 */
final class AeronStream implements ControlledFragmentHandler, AutoCloseable {
    private static final FrameHandler NOBODY = (peer, tag, address, lengthBytes) -> false;

    private final int peer;
    private final Lane lane;
    private final int session; // of what comes
    private final Subscription subscription;
    private final ExclusivePublication publication;
    private @Nullable Image image; // the one that is read
    private boolean torn;
    private boolean counted;
    private int naksReceived = CountersReader.NULL_COUNTER_ID;
    private int naksSent = CountersReader.NULL_COUNTER_ID;
    private FrameHandler handler = NOBODY;

    AeronStream(int peer, Lane lane, int session, Subscription subscription, ExclusivePublication publication) {
        this.peer = peer;
        this.lane = lane;
        this.session = session;
        this.subscription = subscription;
        this.publication = publication;
    }

    /** Goes on with the next image once the one before it is used up. */
    void follow() {
        Image last = image;
        if (last != null && !last.isClosed()) {
            return;
        }
        Image next = subscription.imageBySessionId(session);
        if (next == null || next == last) {
            return;
        }
        // What the control lane carries is said again.
        torn |= lane != Lane.CONTROL && next.joinPosition() != (last == null ? 0 : last.position());
        counted = false;
        image = next;
    }

    int peer() {
        return peer;
    }

    Lane lane() {
        return lane;
    }

    boolean connected() {
        return publication.isConnected() && image != null && !image.isClosed();
    }

    /** Whether the driver has given the peer up without having heard that it left. */
    boolean silent() {
        return image != null && image.isClosed() && !image.isEndOfStream();
    }

    /** Whether tensors of the peer were lost between two of its images; nothing comes out of the stream any more. */
    boolean torn() {
        return torn;
    }

    /** Whether all that the peer ever sent has been handed out, and no more will come. */
    boolean ended() {
        return image != null && image.isEndOfStream();
    }

    /** Requests for missed frames, in both directions; there are none inside a host. */
    long losses(CountersReader counters) {
        Image from = image;
        if (!counted && from != null) {
            counted = true;
            naksReceived = counters.findByTypeIdAndRegistrationId(
                    AeronCounters.DRIVER_SENDER_NAKS_RECEIVED_TYPE_ID, publication.registrationId());
            naksSent = counters.findByTypeIdAndRegistrationId(
                    AeronCounters.DRIVER_RECEIVER_NAKS_SENT_TYPE_ID, from.correlationId());
        }
        return value(counters, naksReceived) + value(counters, naksSent);
    }

    private static long value(CountersReader counters, int id) {
        return id == CountersReader.NULL_COUNTER_ID ? 0 : counters.getCounterValue(id);
    }

    int frameBytes() {
        return publication.maxPayloadLength() & -64;
    }

    long tryClaim(int lengthBytes, BufferClaim claim) {
        long position = publication.tryClaim(lengthBytes, claim);
        if (position == Publication.ADMIN_ACTION) {
            position = publication.tryClaim(lengthBytes, claim); // the term was rotated
        }
        if (position > 0) {
            return claim.buffer().addressOffset() + claim.offset();
        }
        if (position == Publication.MAX_POSITION_EXCEEDED) {
            throw CollectiveException.transportFailed(
                    "the stream %s has reached its last position".formatted(publication.channel()),
                    "restart the run; larger terms last longer");
        }
        return Transport.NO_ROOM;
    }

    int poll(FrameHandler handler, int limitFrames) {
        Image from = image;
        if (from == null || torn) {
            return 0;
        }
        this.handler = handler;
        return from.controlledPoll(this, limitFrames);
    }

    @Override
    public Action onFragment(DirectBuffer buffer, int offset, int length, Header header) {
        boolean taken = handler.onFrame(peer, header.reservedValue(), buffer.addressOffset() + offset, length);
        return taken ? Action.COMMIT : Action.ABORT;
    }

    @Override
    public void close() {
        CloseHelper.quietCloseAll(publication, subscription);
    }
}
