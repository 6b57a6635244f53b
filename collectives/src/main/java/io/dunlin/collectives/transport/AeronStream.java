package io.dunlin.collectives.transport;

import io.aeron.Aeron;
import io.aeron.AeronCounters;
import io.aeron.ExclusivePublication;
import io.aeron.Image;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.exceptions.RegistrationException;
import io.aeron.logbuffer.BufferClaim;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.Header;
import io.dunlin.collectives.CollectiveException;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.status.CountersReader;
import org.jspecify.annotations.Nullable;

/** One lane between this member and one peer, in both directions. */
final class AeronStream implements ControlledFragmentHandler, AutoCloseable {
    private static final FrameHandler NOBODY = (peer, tag, address, lengthBytes) -> false;

    private final int peer;
    private final ExclusivePublication publication;
    private final Subscription subscription;
    private volatile @Nullable Image image; // set by whichever thread drives the client
    private volatile boolean ended;
    private boolean counted;
    private int naksReceived = CountersReader.NULL_COUNTER_ID;
    private int naksSent = CountersReader.NULL_COUNTER_ID;
    private FrameHandler handler = NOBODY;

    AeronStream(Aeron aeron, AeronChannels channels, int peer, Lane lane, int streamId) {
        this.peer = peer;
        String to = channels.to(peer, lane);
        String from = channels.from(peer, lane);
        this.subscription = open(from, () -> aeron.addSubscription(from, streamId, this::onImage, this::onImageGone));
        this.publication = open(to, () -> aeron.addExclusivePublication(to, streamId));
    }

    private interface Opening<T> {
        T open();
    }

    private static <T> T open(String channel, Opening<T> opening) {
        try {
            return opening.open();
        } catch (RegistrationException e) {
            throw MachineException.noStream(channel, e);
        }
    }

    private void onImage(Image available) {
        if (image == null) {
            image = available;
        }
    }

    private void onImageGone(Image unavailable) {
        if (unavailable == image) {
            ended = true;
        }
    }

    boolean connected() {
        return image != null && publication.isConnected();
    }

    /** Whether the peer still takes frames. */
    boolean heard() {
        return publication.isConnected();
    }

    /** Whether all that the peer ever sent has been handed out, and no more will come. */
    boolean ended() {
        Image from = image;
        return ended || (from != null && from.isEndOfStream());
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
        if (from == null) {
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
