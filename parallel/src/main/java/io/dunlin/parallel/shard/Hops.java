package io.dunlin.parallel.shard;

import io.dunlin.collectives.Communicator;
import io.dunlin.collectives.quant.TwoLevelGroup;

/**
 * With whom a rank exchanges quantised gradients of one group. Nothing else crosses on these communicators.
 *
 * @param inside members of the group on this host
 * @param between members with this one's place on every host
 */
public record Hops(Communicator inside, Communicator between) {
    TwoLevelGroup group() {
        return new TwoLevelGroup(inside, between);
    }
}
