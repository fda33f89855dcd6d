<?php
/**
 * Plugin Name:       Ringtrace
 * Description:       Shows every visitor a phone number of their own, and tells which ad made the phone ring.
 * Version:           0.1.0
 * Requires at least: 6.3
 * Requires PHP:      7.4
 * License:           Apache-2.0
 * Text Domain:       ringtrace
 *
 * Put this file into wp-content/plugins/ringtrace/, activate the plugin, and fill in Settings → Ringtrace. The settings
 * can also be fixed in wp-config.php: RINGTRACE_ENDPOINT, RINGTRACE_KEY, RINGTRACE_CONSENT.
 */

if ( ! defined( 'ABSPATH' ) ) {
	exit;
}

const RINGTRACE_OPTION  = 'ringtrace';
const RINGTRACE_DEFAULT = array(
	'endpoint' => '',
	'key'      => '',
	'consent'  => 'auto',
);

/** The settings in force: constants before what was saved before defaults. */
function ringtrace_settings(): array {
	$settings = wp_parse_args( (array) get_option( RINGTRACE_OPTION, array() ), RINGTRACE_DEFAULT );
	foreach ( array_keys( RINGTRACE_DEFAULT ) as $name ) {
		$constant = 'RINGTRACE_' . strtoupper( $name );
		if ( defined( $constant ) ) {
			$settings[ $name ] = (string) constant( $constant );
		}
	}
	return ringtrace_sanitize( $settings );
}

/** Keeps of `$input` what is an https address, a public key and a known word; the rest becomes the default. */
function ringtrace_sanitize( $input ): array {
	$input    = wp_parse_args( is_array( $input ) ? $input : array(), RINGTRACE_DEFAULT );
	$endpoint = untrailingslashit( esc_url_raw( trim( (string) $input['endpoint'] ), array( 'https' ) ) );
	$key      = trim( (string) $input['key'] );
	return array(
		'endpoint' => preg_match( '~^https://[A-Za-z0-9.:-]+$~', $endpoint ) ? $endpoint : '',
		'key'      => preg_match( '~^pk_[A-Za-z0-9_-]+$~', $key ) ? $key : '',
		'consent'  => in_array( $input['consent'], array( 'auto', 'granted', 'denied', '' ), true ) ? $input['consent'] : 'auto',
	);
}

/** Loads the script on the site's pages. */
function ringtrace_enqueue(): void {
	$settings = ringtrace_settings();
	if ( '' === $settings['endpoint'] || '' === $settings['key'] ) {
		return;
	}
	// No version: the service says itself how long its script may be kept.
	wp_enqueue_script( 'ringtrace', $settings['endpoint'] . '/rt.js', array(), null, array( 'strategy' => 'async' ) );
}
add_action( 'wp_enqueue_scripts', 'ringtrace_enqueue' );

/** Writes the site's key and consent into the script's tag. */
function ringtrace_tag( string $tag, string $handle ): string {
	if ( 'ringtrace' !== $handle ) {
		return $tag;
	}
	$settings   = ringtrace_settings();
	$attributes = sprintf( ' data-key="%s"', esc_attr( $settings['key'] ) );
	if ( '' !== $settings['consent'] ) {
		$attributes .= sprintf( ' data-consent="%s"', esc_attr( $settings['consent'] ) );
	}
	return str_replace( ' src=', $attributes . ' src=', $tag );
}
add_filter( 'script_loader_tag', 'ringtrace_tag', 10, 2 );

/** Saves nothing but what `ringtrace_sanitize` keeps. */
function ringtrace_register(): void {
	register_setting(
		'ringtrace',
		RINGTRACE_OPTION,
		array(
			'type'              => 'array',
			'sanitize_callback' => 'ringtrace_sanitize',
			'default'           => RINGTRACE_DEFAULT,
		)
	);
}
add_action( 'admin_init', 'ringtrace_register' );

/** Adds Settings → Ringtrace. */
function ringtrace_menu(): void {
	add_options_page( 'Ringtrace', 'Ringtrace', 'manage_options', 'ringtrace', 'ringtrace_page' );
}
add_action( 'admin_menu', 'ringtrace_menu' );

/** The settings page. */
function ringtrace_page(): void {
	$settings = ringtrace_settings();
	$choices  = array(
		'auto'    => __( 'As the page\'s consent tools say', 'ringtrace' ),
		''        => __( 'The site\'s default', 'ringtrace' ),
		'granted' => __( 'Granted', 'ringtrace' ),
		'denied'  => __( 'Denied', 'ringtrace' ),
	);
	?>
	<div class="wrap">
		<h1>Ringtrace</h1>
		<form method="post" action="options.php">
			<?php settings_fields( 'ringtrace' ); ?>
			<table class="form-table" role="presentation">
				<tr>
					<th scope="row"><label for="ringtrace-endpoint"><?php esc_html_e( 'Address of your service', 'ringtrace' ); ?></label></th>
					<td><input id="ringtrace-endpoint" class="regular-text" type="url" name="ringtrace[endpoint]" placeholder="https://calls.example.com" value="<?php echo esc_attr( $settings['endpoint'] ); ?>"></td>
				</tr>
				<tr>
					<th scope="row"><label for="ringtrace-key"><?php esc_html_e( 'Public key of the site', 'ringtrace' ); ?></label></th>
					<td><input id="ringtrace-key" class="regular-text" name="ringtrace[key]" placeholder="pk_…" value="<?php echo esc_attr( $settings['key'] ); ?>"></td>
				</tr>
				<tr>
					<th scope="row"><label for="ringtrace-consent"><?php esc_html_e( 'Consent', 'ringtrace' ); ?></label></th>
					<td><select id="ringtrace-consent" name="ringtrace[consent]">
						<?php foreach ( $choices as $value => $label ) : ?>
							<option value="<?php echo esc_attr( $value ); ?>" <?php selected( $settings['consent'], $value ); ?>><?php echo esc_html( $label ); ?></option>
						<?php endforeach; ?>
					</select></td>
				</tr>
			</table>
			<?php submit_button(); ?>
		</form>
	</div>
	<?php
}
