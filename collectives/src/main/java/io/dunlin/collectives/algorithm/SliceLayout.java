package io.dunlin.collectives.algorithm;

import io.dunlin.collectives.Topology;
import java.util.List;

/**
 * How the parts of all members are rearranged so that every host does its share of what goes between hosts.
 *
 * <p>The parts of a host's members, one after the other, are its block. Each block is cut into as many pieces as the
 * smallest host has members: the members' parts themselves where there are just as many, else nearly equal ones. Slice i is
 * piece i of every host, one after the other, and the staging memory holds all slices.
 */
final class SliceLayout {
    private static final long ALIGNMENT_BYTES = 64;

    private final int hosts;
    private final int slices;
    private final int[][] members; // [host][local index]
    private final long[] partStarts; // [member] in its host's block
    private final long[] blockBytes; // [host]
    private final long[] places; // [slice * hosts + host] of the piece in the staging memory; then the end
    private Call call = new Call();

    /** Which way bytes are rearranged. */
    enum Direction {
        PARTS_TO_PIECES,
        PIECES_TO_PARTS
    }

    SliceLayout(Topology topology) {
        this.hosts = topology.hosts();
        this.slices = topology.smallestHost();
        this.members = new int[hosts][];
        for (int host = 0; host < hosts; host++) {
            List<Integer> local = topology.membersOfHost(host);
            members[host] = local.stream().mapToInt(Integer::intValue).toArray();
        }
        this.partStarts = new long[topology.size()];
        this.blockBytes = new long[hosts];
        this.places = new long[slices * hosts + 1];
    }

    /** Lays out the parts of a call. */
    void set(Call call) {
        this.call = call;
        for (int host = 0; host < hosts; host++) {
            long end = 0;
            for (int member : members[host]) {
                partStarts[member] = end;
                end += call.partBytes(member);
            }
            blockBytes[host] = end;
        }
        for (int slice = 0; slice < slices; slice++) {
            for (int host = 0; host < hosts; host++) {
                int index = slice * hosts + host;
                places[index + 1] = places[index] + pieceBytes(host, slice);
            }
        }
    }

    int slices() {
        return slices;
    }

    /** Whether pieces of a host are its members' parts, so that nothing has to be rearranged inside it. */
    boolean piecesAreParts(int host) {
        return members[host].length == slices;
    }

    /** In the host's block. */
    private long pieceStart(int host, int slice) {
        if (piecesAreParts(host)) {
            return slice == slices ? blockBytes[host] : partStarts[members[host][slice]];
        }
        long lines = (blockBytes[host] + ALIGNMENT_BYTES - 1) / ALIGNMENT_BYTES;
        return Math.min(blockBytes[host], lines * slice / slices * ALIGNMENT_BYTES);
    }

    long pieceBytes(int host, int slice) {
        return pieceStart(host, slice + 1) - pieceStart(host, slice);
    }

    /** Where a piece is in the staging memory. */
    long piecePlace(int host, int slice) {
        return places[slice * hosts + host];
    }

    /** Where a slice is in the staging memory. */
    long slicePlace(int slice) {
        return places[slice * hosts];
    }

    long sliceBytes(int slice) {
        return slicePlace(slice + 1) - slicePlace(slice);
    }

    /** How much of a member's part is in a piece of its host's block. */
    long sharedBytes(int host, int slice, int localIndex) {
        return Math.max(0, sharedEnd(host, slice, localIndex) - sharedStart(host, slice, localIndex));
    }

    private long sharedStart(int host, int slice, int localIndex) {
        return Math.max(pieceStart(host, slice), partStarts[members[host][localIndex]]);
    }

    private long sharedEnd(int host, int slice, int localIndex) {
        int member = members[host][localIndex];
        return Math.min(pieceStart(host, slice + 1), partStarts[member] + call.partBytes(member));
    }

    /** Copies between all parts, from address {@code parts} on, and the staging memory. */
    void copy(long parts, long staging, Direction direction, Copies copies) {
        boolean in = direction == Direction.PARTS_TO_PIECES;
        for (int host = 0; host < hosts; host++) {
            for (int local = 0; local < members[host].length; local++) {
                int member = members[host][local];
                for (int slice = 0; slice < slices; slice++) {
                    long bytes = sharedBytes(host, slice, local);
                    if (bytes > 0) {
                        long at = sharedStart(host, slice, local);
                        long inParts = parts + call.partStart(member) + at - partStarts[member];
                        long inStaging = staging + piecePlace(host, slice) + at - pieceStart(host, slice);
                        copies.add(in ? inParts : inStaging, in ? inStaging : inParts, bytes);
                    }
                }
            }
        }
    }
}
