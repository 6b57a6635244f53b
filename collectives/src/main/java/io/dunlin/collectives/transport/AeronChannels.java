package io.dunlin.collectives.transport;

import io.aeron.ChannelUriStringBuilder;
import java.util.List;
import java.util.Locale;

/** Names of streams: shared memory between ranks of one host, UDP otherwise; none is used twice in a run. */
final class AeronChannels {
    private static final int RANK_BITS = 14;
    private static final int SMALLEST_WINDOW_BYTES = 128 << 10; // of any datagram's size

    private final AeronProfile profile;
    private final List<RankAddress> addresses;
    private final int rank;

    AeronChannels(AeronProfile profile, List<RankAddress> addresses, int rank) {
        if (addresses.size() > 1 << RANK_BITS) {
            throw new IllegalArgumentException("more than %d ranks".formatted(1 << RANK_BITS));
        }
        this.profile = profile;
        this.addresses = addresses;
        this.rank = rank;
    }

    /** The session number is lane, sender, receiver; the stream number is the group's. */
    private static int session(Lane lane, int from, int to) {
        return ((lane.ordinal() + 1) << (2 * RANK_BITS)) | (from << RANK_BITS) | to;
    }

    /** What a peer's frames on a lane to this member are numbered with. */
    int sessionFrom(int peer, Lane lane) {
        return session(lane, peer, rank);
    }

    boolean sameHost(int peer) {
        return addresses.get(peer).host().equals(addresses.get(rank).host());
    }

    String to(int peer, Lane lane) {
        int termBytes = termBytes(lane);
        boolean control = lane == Lane.CONTROL;
        ChannelUriStringBuilder channel = new ChannelUriStringBuilder()
                .termLength(termBytes)
                .sessionId(session(lane, rank, peer))
                .alias("%s-%d-%d".formatted(lane.name().toLowerCase(Locale.ROOT), rank, peer));
        if (sameHost(peer)) {
            return channel.media("ipc")
                    .mtu(control ? AeronProfile.CONTROL_FRAME_BYTES : Math.min(profile.frameBytes(), termBytes / 8))
                    .build();
        }
        UdpPath path = UdpPath.of(addresses.get(rank).endpoint());
        int frameBytes = profile.udpFrameBytes() == 0 ? path.frameBytes() : profile.udpFrameBytes();
        return channel.media("udp")
                .endpoint(addresses.get(peer).endpoint())
                .mtu(control ? AeronProfile.CONTROL_FRAME_BYTES : Math.min(frameBytes, termBytes / 8 & -32))
                .socketSndbufLength(path.socketBytes())
                .build();
    }

    private int termBytes(Lane lane) {
        return switch (lane) {
            case DATA -> profile.termBytes();
            case MESSAGE -> profile.messageTermBytes();
            case CONTROL -> AeronProfile.CONTROL_TERM_BYTES;
        };
    }

    String from(int peer, Lane lane) {
        ChannelUriStringBuilder channel = new ChannelUriStringBuilder().sessionId(sessionFrom(peer, lane));
        if (sameHost(peer)) {
            return channel.media("ipc").build();
        }
        UdpPath path = UdpPath.of(addresses.get(rank).endpoint());
        return channel.media("udp")
                .endpoint(addresses.get(rank).endpoint())
                .socketRcvbufLength(path.socketBytes())
                .receiverWindowLength(windowBytes(peer, path))
                .build();
    }

    /** Ranks of one host share its link: what all of them have under way must fit where it queues. */
    private int windowBytes(int peer, UdpPath path) {
        String host = addresses.get(peer).host();
        int company = Math.toIntExact(addresses.stream()
                .filter(address -> address.host().equals(host))
                .count());
        int window = path.windowBytes(profile.termBytes());
        return Math.max(Math.min(window, SMALLEST_WINDOW_BYTES), window / company);
    }

    String route(int peer) {
        return sameHost(peer) ? "aeron:ipc" : "aeron:udp " + addresses.get(peer).endpoint();
    }
}
