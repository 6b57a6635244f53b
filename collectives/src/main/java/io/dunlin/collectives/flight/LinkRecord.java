package io.dunlin.collectives.flight;

/**
 * What went between one member and another, as the first saw it.
 *
 * @param sent to it
 * @param received from it
 * @param busyNs between the first frame and the last of the flows from it
 * @param longestBusyNs the same, of the longest flow
 * @param losses frames that were missed and sent again, both ways
 * @param messages that wait
 */
public record LinkRecord(Way sent, Way received, long busyNs, long longestBusyNs, long losses, Messages messages) {
    /**
     * Messages that have been called and have not moved in full.
     *
     * @param sendingSinceNs when the first of those to the other member became the first; 0 if there is none
     * @param receivingSinceNs the same of those from it
     */
    public record Messages(long sendingSinceNs, long receivingSinceNs) {}

    /**
     * One direction.
     *
     * @param bytes of data
     * @param frames with and without data
     * @param stallNs while it should have moved and did not
     * @param longestStallNs at once
     * @param stalledSinceNs when the stall began that has not ended; 0 if it moves or need not
     */
    public record Way(long bytes, long frames, long stallNs, long longestStallNs, long stalledSinceNs) {}
}
