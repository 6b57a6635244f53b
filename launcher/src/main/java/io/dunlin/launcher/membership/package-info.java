/**
 * Which node agents take part in a run, and which generation of its ranks is live.
 *
 * <p>Start at {@link io.dunlin.launcher.membership.Membership}. A generation is live only when every rank of it has
 * acknowledged the same members; no lock and no leader is needed for that, so none is used. This is the only package
 * that knows Hazelcast.
 */
@NullMarked
package io.dunlin.launcher.membership;

import org.jspecify.annotations.NullMarked;
