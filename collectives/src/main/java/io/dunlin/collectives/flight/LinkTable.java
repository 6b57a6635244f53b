package io.dunlin.collectives.flight;

import static io.dunlin.collectives.flight.Layout.getLong;
import static io.dunlin.collectives.flight.Layout.putLong;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/** Counters of the links of one group, updated in place by its communication thread. */
final class LinkTable {
    private static final long NO_FLOW = -1;

    private final MemorySegment file;
    private final long[] links; // [member] offset in the file
    private final long[] flows; // [member] operation whose bytes came last
    private final long[] flowSinceNs; // [member]
    private final long[] receivedNs; // [member] last frame

    LinkTable(MemorySegment file, Layout layout, long section, int members) {
        this.file = file;
        this.links = new long[members];
        for (int member = 0; member < members; member++) {
            links[member] = layout.link(section, member);
        }
        this.flows = new long[members];
        Arrays.fill(flows, NO_FLOW);
        this.flowSinceNs = new long[members];
        this.receivedNs = new long[members];
    }

    void sent(int peer, int bytes, long nowNs) {
        long link = links[peer];
        add(link + Layout.LINK_SENT_BYTES, bytes);
        add(link + Layout.LINK_SENT_FRAMES, 1);
        endStall(link, Layout.LINK_REFUSED_SINCE, Layout.LINK_SENT_STALL, Layout.LINK_SENT_STALL_MAX, nowNs);
    }

    /** Whether that is news. */
    boolean refused(int peer) {
        return getLong(file, links[peer] + Layout.LINK_REFUSED_SINCE) == 0;
    }

    void refusedSince(int peer, long nowNs) {
        putLong(file, links[peer] + Layout.LINK_REFUSED_SINCE, nowNs);
    }

    void received(long number, int peer, int bytes, long nowNs) {
        long link = links[peer];
        add(link + Layout.LINK_RECEIVED_BYTES, bytes);
        add(link + Layout.LINK_RECEIVED_FRAMES, 1);
        endStall(link, Layout.LINK_STARVED_SINCE, Layout.LINK_RECEIVED_STALL, Layout.LINK_RECEIVED_STALL_MAX, nowNs);
        if (flows[peer] == number) {
            add(link + Layout.LINK_BUSY, nowNs - receivedNs[peer]);
            raise(link + Layout.LINK_BUSY_MAX, nowNs - flowSinceNs[peer]);
        } else {
            flows[peer] = number;
            flowSinceNs[peer] = nowNs;
        }
        receivedNs[peer] = nowNs;
    }

    /** Whether that is news. */
    boolean starved(int peer) {
        return getLong(file, links[peer] + Layout.LINK_STARVED_SINCE) == 0;
    }

    void starvedSince(int peer, long nowNs) {
        putLong(file, links[peer] + Layout.LINK_STARVED_SINCE, nowNs);
    }

    /** The change since the last time. */
    long losses(int peer, long frames) {
        long at = links[peer] + Layout.LINK_LOSSES;
        long change = frames - getLong(file, at);
        if (change != 0) {
            putLong(file, at, frames);
        }
        return change;
    }

    void sending(int peer, long sinceNs) {
        putLong(file, links[peer] + Layout.LINK_SENDING_SINCE, sinceNs);
    }

    void receiving(int peer, long sinceNs) {
        putLong(file, links[peer] + Layout.LINK_RECEIVING_SINCE, sinceNs);
    }

    private void endStall(long link, int since, int sum, int longest, long nowNs) {
        long sinceNs = getLong(file, link + since);
        if (sinceNs != 0) {
            putLong(file, link + since, 0);
            add(link + sum, nowNs - sinceNs);
            raise(link + longest, nowNs - sinceNs);
        }
    }

    private void add(long offset, long value) {
        putLong(file, offset, getLong(file, offset) + value);
    }

    private void raise(long offset, long value) {
        if (value > getLong(file, offset)) {
            putLong(file, offset, value);
        }
    }
}
